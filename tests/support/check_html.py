"""Is this page what an HTML report promises? check_html.py FILE...

Every element is closed in order, and one of those that show text; nothing is
loaded, no attribute runs or styles anything, links stay in the page, its one
style and one script are those that the policy names by their hashes, and
identifiers are unique. Prints what is not so; the status says whether all is.
"""
import base64
import hashlib
import html.parser
import sys

VOID = {"meta", "input", "br", "path", "rect", "circle"}
KNOWN = VOID | set(
    "html head title style body a header div strong h1 h2 h3 h4 dl dt dd nav ul li main section table caption "
    "thead tbody tr th td span p small svg text details summary figure figcaption label button pre del ins "
    "footer script code".split())
LOADS = {"src", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href", "srcdoc"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.ids, self.parts = [], [], set(), {"style": [], "script": []}
        self.policy = None
        self.targets = []

    def fault(self, what):
        self.faults.append(f"line {self.getpos()[0]}: {what}")

    def handle_starttag(self, tag, attributes):
        if tag not in KNOWN:
            self.fault(f"<{tag}>")
        for name, value in attributes:
            if name.startswith("on") or name == "style" or name in LOADS:
                self.fault(f"{tag} {name}={value}")
            if name == "href" and not value.startswith("#"):
                self.fault(f"{tag} leads to {value}")
            if name == "href":
                self.targets.append(value[1:])
            if name == "id" and value in self.ids:
                self.fault(f"id {value} twice")
            if name == "id":
                self.ids.add(value)
        named = dict(attributes)
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"]
        elif "http-equiv" in named:
            self.fault(f"http-equiv {named['http-equiv']}")
        if tag in self.parts:
            self.parts[tag].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.fault(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] in self.parts:
            self.parts[self.open[-1]][-1] += data

    def handle_comment(self, data):
        self.fault(f"a comment: {data[:40]}")

    def check(self, text):
        if self.open:
            self.fault(f"open at the end: {self.open}")
        for target in self.targets:
            if target not in self.ids:
                self.fault(f"#{target} is nowhere")
        want = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
        for tag in self.parts:
            if len(self.parts[tag]) != 1:
                self.fault(f"{len(self.parts[tag])} times {tag}")
            digest = hashlib.sha256("".join(self.parts[tag]).encode()).digest()
            want[f"{tag}-src"] = f"'sha256-{base64.b64encode(digest).decode()}'"
        have = dict(part.strip().split(" ", 1) for part in (self.policy or "").split(";") if part.strip())
        if have != want:
            self.fault(f"the policy is {have}, not {want}")
        if any(ord(c) < 0x20 and c != "\n" for c in text) or any(c in text for c in "\u2028\u2029\u202e\ufeff"):
            self.fault("a control character or a mark that turns the text")
        if len(text.encode()) >= 2 * 1024 * 1024:
            self.fault(f"{len(text.encode())} bytes")


status = 0
for path in sys.argv[1:]:
    content = open(path, encoding="utf-8").read()
    page = Page()
    page.feed(content)
    page.close()
    page.check(content)
    for fault in page.faults[:20]:
        print(f"{path}: {fault}")
    status |= bool(page.faults)
sys.exit(status)
