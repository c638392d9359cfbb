#!/bin/bash
# Rebuild docs/ and licences/ of the handbook example from Debian packages.
#
#   bash make_corpus.sh            replaces docs/ and licences/ beside this script
#   bash make_corpus.sh DIR        writes DIR/docs and DIR/licences instead
#
# Needs Debian 12 (bookworm) with: apt-get, dpkg-deb, pandoc (2.17), gunzip, python3 with venv.
# pypdf cuts whole chapters out of a PDF and keeps the text layer and the bookmarks; it goes into
# a temporary virtual environment. Nothing is installed on the system.
# If a package version is no longer offered by your mirror, take it from the Debian snapshot archive.
set -euo pipefail
export LC_ALL=C.UTF-8
export SOURCE_DATE_EPOCH=1700000000   # fixed time stamps in the converted files

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
mkdir -p "$out"
out=$(cd "$out" && pwd)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cd "$tmp"

# 1. the packages -----------------------------------------------------------------------------
apt-get -qq download \
  debian-faq=11.1 \
  debian-faq-zh-cn=11.1 \
  debian-reference-en=2.100 \
  debian-reference-zh-cn=2.100 \
  debian-handbook=11.20220922 \
  installation-guide-amd64=20230508+deb12u1
mkdir root
for deb in *.deb; do dpkg-deb -x "$deb" root; done

doc=$tmp/root/usr/share/doc
faq=$doc/debian/FAQ
ref=$tmp/root/usr/share/debian-reference
book=$doc/debian-handbook/html/en-US
guide=$doc/installation-guide-amd64

rm -rf "$out/docs" "$out/licences"
mkdir -p "$out"/docs/{debian-faq,debian-reference}/{en,zh} "$out"/docs/debian-handbook/en "$out"/docs/installation-guide/zh "$out/licences"
docs=$out/docs

# 2. HTML chapters, byte for byte as shipped --------------------------------------------------
cp "$faq/choosing.en.html"                  "$docs/debian-faq/en/ch03-choosing-a-distribution.html"
cp "$faq/software.en.html"                  "$docs/debian-faq/en/ch05-software-available.html"
cp "$faq/pkg-basics.en.html"                "$docs/debian-faq/en/ch07-package-basics.html"
cp "$faq/pkgtools.en.html"                  "$docs/debian-faq/en/ch08-package-tools.html"
cp "$faq/uptodate.en.html"                  "$docs/debian-faq/en/ch09-keeping-up-to-date.html"
cp "$ref/ch04.en.html"                      "$docs/debian-reference/en/ch04-authentication.html"
cp "$book/solving-problems.html"            "$docs/debian-handbook/en/ch07-solving-problems.html"
cp "$book/sect.network-config.html"         "$docs/debian-handbook/en/ch08-network-configuration.html"

cp "$faq/zh-cn/choosing.zh-cn.html"         "$docs/debian-faq/zh/ch03-choosing-a-distribution.html"
cp "$faq/zh-cn/pkg-basics.zh-cn.html"       "$docs/debian-faq/zh/ch07-package-basics.html"
cp "$faq/zh-cn/pkgtools.zh-cn.html"         "$docs/debian-faq/zh/ch08-package-tools.html"
cp "$faq/zh-cn/uptodate.zh-cn.html"         "$docs/debian-faq/zh/ch09-keeping-up-to-date.html"
cp "$ref/ch05.zh-cn.html"                   "$docs/debian-reference/zh/ch05-network-setup.html"

# 3. chapters converted with pandoc -----------------------------------------------------------
# The filter drops the navigation, the chapter's table of contents and the icons, turns the boxes
# that are laid out as tables ("Tip", "Note", ...) into paragraphs, keeps the text of links that
# lead to other chapters, and joins Chinese lines without a space.
cat > clean.lua <<'LUA'
local drop = { navheader = true, navfooter = true, toc = true }
local boxes = { tip = true, note = true, caution = true, warning = true, important = true }

local function wide(char)
  return char ~= nil and char ~= "" and (utf8.codepoint(char) or 0) >= 0x2E80
end
local function last_char(s) return s:match(utf8.charpattern .. "$") end
local function first_char(s) return s:match("^" .. utf8.charpattern) end

local function box_content(tbl)
  local blocks = pandoc.List()
  local function rows(list)
    for _, row in ipairs(list) do
      for _, cell in ipairs(row.cells) do
        for _, block in ipairs(cell.contents) do
          local text = pandoc.utils.stringify(block)
          if text:match("^%[.*%]$") or text == "" then
            -- the icon
          else
            blocks:insert(block)
          end
        end
      end
    end
  end
  rows(tbl.head.rows)
  for _, body in ipairs(tbl.bodies) do rows(body.body) end
  return blocks
end

local function clean_inlines(inlines)
  local result = pandoc.List()
  for i, item in ipairs(inlines) do
    if item.t == "SoftBreak" then
      local before = i > 1 and pandoc.utils.stringify(inlines[i - 1]) or ""
      local after = inlines[i + 1] and pandoc.utils.stringify(inlines[i + 1]) or ""
      if not (wide(last_char(before)) and wide(first_char(after))) then
        result:insert(pandoc.Space())
      end
    else
      result:insert(item)
    end
  end
  return result
end

return {
  {
    Image = function() return {} end,
    Link = function(link)
      if not link.target:match("^%a+:") then return link.content end
      link.attr = pandoc.Attr()
      return link
    end,
    Span = function(span) return span.content end,
    Code = function(code) return pandoc.Code(code.text) end,
    CodeBlock = function(block) return pandoc.CodeBlock(block.text) end,
    Meta = function(meta)
      meta.title = nil
      meta.viewport = nil
      meta.generator = nil
      return meta
    end,
  },
  { Inlines = clean_inlines },
  {
    Div = function(div)
      for _, class in ipairs(div.classes) do
        if drop[class] then return {} end
        if boxes[class] and div.content[1] and div.content[1].t == "Table" then
          return box_content(div.content[1])
        end
      end
      return div.content
    end,
    Header = function(header)
      header.attr = pandoc.Attr()
      return header
    end,
    HorizontalRule = function() return {} end,
  },
}
LUA

convert() {   # convert FROM.html TO
  local note="Converted from HTML with pandoc; navigation, table of contents and icons removed; the text is unchanged. See NOTICE.md for origin and licence."
  case $2 in
    *.docx) pandoc --quiet -f html -t docx --lua-filter clean.lua --metadata "description=$note" -o "$2" "$1" ;;
    *.md)   pandoc --quiet -f html -t gfm --wrap=none --markdown-headings=atx --lua-filter clean.lua -o "$2" "$1"
            printf '\n<!-- %s -->\n' "$note" >> "$2" ;;
  esac
}
convert "$faq/customizing.en.html"           "$docs/debian-faq/en/ch11-customizing.md"
convert "$faq/zh-cn/customizing.zh-cn.html"  "$docs/debian-faq/zh/ch11-customizing.md"
convert "$ref/ch05.en.html"                  "$docs/debian-reference/en/ch05-network-setup.docx"
convert "$ref/ch04.zh-cn.html"               "$docs/debian-reference/zh/ch04-authentication.docx"

# 4. two whole chapters of the Chinese installation guide as PDF ----------------------------
python3 -m venv venv
venv/bin/pip --quiet install pypdf==7.1.0
gunzip -c "$guide/zh_CN/install.zh_CN.pdf.gz" > guide.pdf
venv/bin/python - guide.pdf "$docs/installation-guide/zh/ch06-07-using-the-installer.pdf" <<'PY'
import sys
from pypdf import PdfReader, PdfWriter

source, target = sys.argv[1:]
reader = PdfReader(source)


def page_of(item):
    return reader.get_destination_page_number(item)


chapters = [item for item in reader.outline if not isinstance(item, list)]
titles = [str(item.title) for item in chapters]
begin = titles.index("使用 Debian 安装程序")      # chapter 6
end = begin + 2                                   # up to the end of chapter 7
start, stop = page_of(chapters[begin]), page_of(chapters[end])

writer = PdfWriter()
for number in range(start, stop):
    writer.add_page(reader.pages[number])


def copy(items, parent, top):
    """Copy the bookmarks whose page is kept; a list follows the bookmark it belongs to."""
    last, keep = None, False
    for item in items:
        if isinstance(item, list):
            if keep:
                copy(item, last, False)
            continue
        page = page_of(item)
        keep = start <= page < stop and (not top or titles.index(str(item.title)) in range(begin, end))
        if keep:
            last = writer.add_outline_item(title=str(item.title), page_number=page - start, parent=parent)


copy(reader.outline, None, True)
writer.add_metadata({
    "/Title": "Debian GNU/Linux 安装手册：第 6、7 章",
    "/Subject": "Chapters 6 and 7 cut out of the Debian GNU/Linux Installation Guide (zh_CN, amd64), "
                "pages unchanged. See NOTICE.md for origin and licence (GPL version 2).",
})
writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
writer.write(target)
PY

# 5. licences ---------------------------------------------------------------------------------
cp /usr/share/common-licenses/GPL-2        "$out/licences/GPL-2.txt"
cp "$doc/debian-faq/copyright"             "$out/licences/debian-faq.copyright.txt"
cp "$doc/debian-reference-en/copyright"    "$out/licences/debian-reference.copyright.txt"
cp "$doc/debian-handbook/copyright"        "$out/licences/debian-handbook.copyright.txt"   # holds CC-BY-SA-3.0
cp "$guide/copyright"                      "$out/licences/installation-guide.copyright.txt"
cmp -s "$doc/debian-faq/copyright" "$doc/debian-faq-zh-cn/copyright"
cmp -s "$doc/debian-reference-en/copyright" "$doc/debian-reference-zh-cn/copyright"
sed -n '/^License: CC-BY-SA-3.0$/,$p' "$doc/debian-handbook/copyright" \
  | sed -e 1d -e 's/^ \.$//' -e 's/^ //' > "$out/licences/CC-BY-SA-3.0.txt"

find "$out/docs" "$out/licences" -type f -exec chmod 644 {} +
(cd "$out" && find docs licences -type f | sort | xargs sha256sum)
