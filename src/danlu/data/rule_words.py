"""What each rule measures, in a few words of English and Chinese, for the report and for `danlu show`."""

MEANINGS: dict[str, tuple[str, str]] = {
    "empty": ("words", "词数"),
    "garbled": ("share of characters that decoding errors leave", "解码错误字符的比例"),
    "endless word": ("longest run without white space, as a share of the text", "最长无空白字符串占全文的比例"),
    "wrong encoding": ("share of common characters among Han characters", "常用字占汉字的比例"),
    "look-alike spelling": ("share of words that mix alphabets or digits", "混用字母表或数字的词的比例"),
    "dup_para_frac": ("share of paragraphs that repeat", "重复段落的比例"),
    "dup_para_char_frac": ("share of characters in repeated paragraphs", "重复段落的字符比例"),
    "dup_line_frac": ("share of lines that repeat", "重复行的比例"),
    "dup_line_char_frac": ("share of characters in repeated lines", "重复行的字符比例"),
    **{
        f"top_{n}_gram": (f"share of characters in the commonest run of {n} tokens", f"最常见 {n} 元组所占字符的比例")
        for n in (2, 3, 4)
    },
    **{
        f"duplicated_{n}_n_grams": (
            f"share of characters in repeated runs of {n} tokens",
            f"重复 {n} 元组所占字符的比例",
        )
        for n in (5, 6, 7, 8, 9, 10)
    },
    "gopher_short_doc": ("words", "词数"),
    "gopher_long_doc": ("words", "词数"),
    "gopher_below_avg_threshold": ("mean characters of a word", "平均词长（字符）"),
    "gopher_above_avg_threshold": ("mean characters of a word", "平均词长（字符）"),
    "gopher_too_many_hashes": ("hash signs for each token", "每个词元的 # 号数"),
    "gopher_too_many_ellipsis": ("ellipses for each token", "每个词元的省略号数"),
    "gopher_too_many_bullets": ("share of lines that begin with a bullet", "以项目符号开头的行的比例"),
    "gopher_too_many_end_ellipsis": ("share of lines that end in an ellipsis", "以省略号结尾的行的比例"),
    "gopher_below_alpha_threshold": ("share of tokens with a letter", "含文字的词元的比例"),
    "gopher_enough_stop_words": ("different stop words", "不同停用词的个数"),
    "lorem_ipsum": ("times that “lorem ipsum” stands there", "“lorem ipsum” 出现次数"),
    "curly_bracket": ("curly brackets", "花括号个数"),
    "too_few_sentences": ("sentences", "句数"),
    "line_punct_ratio": ("share of lines that end with a mark", "以标点结尾的行的比例"),
    "short_line_ratio": ("share of lines of at most 30 characters", "不超过 30 个字符的行的比例"),
    "char_dup_ratio": ("share of characters in lines that repeat", "重复行的字符比例"),
    "list_ratio": ("line breaks for each token", "每个词元的换行数"),
    "longest line": ("characters of the longest line", "最长行的字符数"),
    "mean line length": ("mean characters of a line", "平均行长（字符）"),
    "few letters and digits": ("share of characters in words", "词所占字符的比例"),
    "quality": ("probability that the text is good", "文本质量好的概率"),
}
