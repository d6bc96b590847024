#!/bin/sh
# embed.sh FILE...: a C header with the bytes of each, and their SHA-256 in the
# form in which a Content-Security-Policy names them. report.css is html_css.
set -eu
for file; do
  name=html_${file##*.}
  hash=$(sha256sum "$file" | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64)
  echo "static const char ${name}_hash[] = \"sha256-$hash\";"
  echo "static const unsigned char ${name}[] = {"
  od -An -v -tu1 "$file" | sed 's/^ *//; s/  */,/g; s/$/,/'
  echo "};"
done
