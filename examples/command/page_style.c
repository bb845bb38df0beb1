/* Colours and layout of the page. */
#include "page.h"

/* From pale to dark and from dark to pale, by equal steps of lightness (OKLCH: L 0.975 to 0.30, hue 195 to 275, and
 * L 0.26 to 0.94, hue 278 to 180): order is seen without hues. */
static const char *const pale_to_dark[LEVELS] = {
    "eafbfa", "dcf6f6", "cdf0f2", "bfebee", "b1e5eb", "a4dfe8", "96d9e5", "89d2e3", "7ccce0", "70c5dd", "65beda",
    "5bb7d7", "51b0d4", "49a8d0", "42a1cc", "3d99c7", "3992c2", "378abc", "3682b5", "357baf", "3573a7", "356c9f",
    "366597", "365e8e", "365785", "35507b", "344a71", "334367", "313d5c", "2f3852", "2c3248", "292d3d"};
static const char *const dark_to_pale[LEVELS] = {
    "202235", "23283e", "262d48", "283352", "29395c", "2b3f65", "2b456f", "2b4c78", "2a5381", "285a89", "266291",
    "246999", "2171a0", "1f78a6", "1e80ac", "1e88b2", "2090b7", "2698bb", "2d9fbf", "36a7c3", "40aec6", "4cb5c9",
    "58bccb", "65c3ce", "72cad1", "7fd1d4", "8dd7d7", "9bddda", "a8e3de", "b6e9e2", "c4eee7", "d1f4ec"};
enum { LAST_PALE = 19, LAST_DARK = 13 }; /* levels on which black and white text has a contrast of 4.5 */

/* Okabe and Ito; yellow last, darker on white, blue lighter on black. */
static const char *const on_white[HUES] = {"0072b2", "d55e00", "009e73", "cc79a7", "e69f00", "56b4e9", "000000", "b3a500"};
static const char *const on_black[HUES] = {"3b9ae1", "e8743b", "1fb98a", "d98fb8", "e69f00", "7cc7f2", "ffffff", "f0e442"};

static const char *const rules =
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Helvetica Neue',Arial,sans-serif;overflow-wrap:anywhere}\n"
    "main{max-width:1200px;margin:0 auto;padding:40px 24px 56px}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 6px;letter-spacing:-.015em}\n"
    "h2{font-size:1.25rem;margin:44px 0 14px;letter-spacing:-.01em}\n"
    "h3{font-size:1.02rem;line-height:1.35;margin:0 0 3px}\n"
    "p{margin:0 0 10px}.whole{white-space:nowrap}.quiet,figcaption p,.tile>span,dt{color:var(--quiet)}\n"
    ".headline{font-size:1.18rem;line-height:1.5;max-width:60em;margin:20px 0 22px}\n"
    ".tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:16px;margin:0 0 24px}\n"
    ".tile,figure,.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;margin:0;min-width:0}\n"
    ".tile{padding:14px 18px}.tile b{display:block;font-size:1.85rem;line-height:1.2;font-weight:650;"
    "font-variant-numeric:tabular-nums;letter-spacing:-.02em}.tile>span{display:block;font-size:.86rem;line-height:1.4}\n"
    ".card{padding:16px 20px}\n"
    ".pictures{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:20px}\n"
    "figure{padding:18px 20px 14px;display:flex;flex-direction:column}figure details{margin-top:auto}figure .picture{margin-bottom:12px}figure.wide{grid-column:1/-1}\n"
    "figcaption{margin-bottom:12px;font-size:.9rem}figcaption p{margin:0;line-height:1.45}\n"
    ".picture,.scroll{overflow-x:auto}\n"
    "svg{display:block;width:100%;max-width:600px;height:auto;margin:0 auto}svg.wide{max-width:none;min-width:680px}\n"
    ".small{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:12px}.small p{margin:0 0 4px;font-size:.82rem;"
    "line-height:1.3}\n"
    "details{border-top:1px solid var(--edge);padding-top:8px;font-size:.88rem}\n"
    "summary{cursor:pointer;color:var(--quiet)}summary:hover,summary:focus-visible{color:var(--ink)}\n"
    ".scroll{max-height:420px;overflow:auto;margin-top:8px}\n"
    "table{border-collapse:collapse;font-size:.84rem;font-variant-numeric:tabular-nums;line-height:1.4}\n"
    "th,td{padding:3px 12px 3px 0;text-align:right;white-space:nowrap}th{font-weight:600}\n"
    "thead th{position:sticky;top:0;background:var(--card);border-bottom:1px solid var(--edge)}\n"
    "tbody th,thead th:first-child{text-align:left;font-weight:500}tbody tr.best>*{font-weight:700}\n"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 20px;margin:0;font-size:.92rem}\n"
    "dt{font-weight:500}dd{margin:0}dl.words{grid-template-columns:minmax(9em,13em) minmax(0,1fr)}\n"
    "ul{margin:0;padding-left:1.2em;font-size:.92rem}code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,"
    "'Liberation Mono',monospace;overflow-wrap:anywhere}\n"
    "footer{margin-top:36px;font-size:.85rem;color:var(--quiet)}\n"
    "svg text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:var(--ink);"
    "font-variant-numeric:tabular-nums}\n"
    "svg .e{text-anchor:end}svg .m,svg .n text{text-anchor:middle}svg .a{fill:var(--quiet)}svg .n text{font-size:11px}\n"
    ".grid{stroke:var(--edge);fill:none}.mark{stroke:var(--quiet);stroke-dasharray:2 3;fill:none}\n"
    ".frame{fill:none;stroke:var(--edge)}.chance{fill:var(--chance);stroke:none}.none{fill:none;stroke:var(--quiet);"
    "stroke-width:.7;opacity:.6}\n"
    "svg [class^=l],.bar,.dot{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\n"
    ".curve .dot{stroke-width:5}.curve .bar{opacity:.45;stroke-width:8;stroke-linecap:butt}\n"
    ".l1{stroke-dasharray:7 4}.l2{stroke-dasharray:2 4}.l3{stroke-dasharray:9 4 2 4}.l4{stroke-dasharray:12 3}"
    ".l5{stroke-dasharray:4 2}.dot,.bar{stroke-dasharray:none}\n"
    ".points{opacity:.8}.s0,.s1{fill:none!important;stroke-width:5.5;stroke-linecap:round}.s1{stroke-linecap:square;stroke-width:4.4}"
    ".s2{stroke:none!important}.other{stroke:var(--quiet);opacity:.35}\n"
    ".small .s0{stroke-width:3.4}.small .s1{stroke-width:2.8}\n"
    "@media(max-width:900px){.pictures{grid-template-columns:minmax(0,1fr)}.tiles{grid-template-columns:repeat(2,1fr)}}\n"
    "@media(max-width:520px){main{padding:22px 12px 40px}h1{font-size:1.5rem}.headline{font-size:1.05rem;margin:14px 0 16px}"
    ".tiles{gap:10px;margin-bottom:16px}.tile{padding:11px 12px}.tile b{font-size:1.5rem}figure{padding:14px 10px 10px}"
    ".card{padding:12px}.pictures{gap:14px}.small{grid-template-columns:repeat(2,minmax(0,1fr));gap:10px}"
    "dl,dl.words{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:8px}h2{margin:32px 0 10px}}\n"
    "@media print{body{font-size:11px}main{max-width:none;padding:0}figure,.tile,.card{break-inside:avoid}"
    ".scroll{max-height:none;overflow:visible}}\n";

static void
add_variables(text *t, bool is_dark)
{
    const char *const *scale = is_dark ? dark_to_pale : pale_to_dark, *const *hues = is_dark ? on_black : on_white;
    add(t, ":root{color-scheme:%s;%s", is_dark ? "dark" : "light",
        is_dark ? "--page:#0f1216;--card:#161a20;--edge:#2b313a;--ink:#e8eaed;--quiet:#a3abb6;--chance:#39414c;"
                : "--page:#f6f7f9;--card:#fff;--edge:#dfe3e8;--ink:#1b1f24;--quiet:#59626e;--chance:#e1e5ea;");
    for (int i = 0; i < LEVELS; i++)
        add(t, "--q%d:#%s;", i, scale[i]);
    for (int i = 0; i < HUES; i++)
        add(t, "--c%d:#%s;", i, hues[i]);
    add(t, "--low:%s;--middle:%s;--high:%s}\n", is_dark ? "#fff" : "#000", "#000", is_dark ? "#000" : "#fff");
}

/* Text on levels: low ones and high ones differ, and those between are light enough for black in both. */
static void
add_classes(text *t)
{
    for (int i = 0; i < LEVELS; i++)
        add(t, ".q%d{fill:var(--q%d)}svg .n .i%d{fill:var(--%s)}%s", i, i, i, i <= LAST_DARK ? "low" : i <= LAST_PALE ? "middle" : "high",
            i % 4 == 3 ? "\n" : "");
    for (int i = 0; i < HUES; i++)
        add(t, ".c%d{fill:var(--c%d);stroke:var(--c%d)}.l%d{stroke:var(--c%d)}.b%d{fill:var(--c%d);opacity:.16}\n", i, i, i, i, i, i, i);
}

void
add_style(text *t)
{
    add(t, "<style>\n");
    add_variables(t, false);
    add(t, "@media screen and (prefers-color-scheme:dark){\n");
    add_variables(t, true);
    add(t, "}\n");
    add(t, "%s", rules);
    add_classes(t);
    add(t, "</style>\n");
}
