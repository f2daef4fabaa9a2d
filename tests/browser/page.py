"""A page as it stands in the browser: what it shows, what it loads, and what it complains of."""

import base64
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.browser.chromium import BrowserError, Chromium

_HEIGHT = 800
_COMPLAINTS = ("error", "warning", "assert")


class OpenPage:
    """An open page of a given width, in light or dark."""

    def __init__(self, browser: Chromium, session: str, url: str, width: int) -> None:
        self.url = url
        self._width = width
        self._browser = browser
        self._session = session

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, as JSON has it.

        Raises:
            BrowserError: it threw something.
        """
        answer = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            said = thrown.get("exception", {}).get("description", thrown["text"])
            raise BrowserError(f"{expression[:80]}: {said}")
        return answer["result"].get("value")

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings of its console, exceptions, and what its policy forbade."""
        said = []
        for event in self._events():
            match event:
                case {"method": "Log.entryAdded", "params": {"entry": entry}}:
                    if entry["level"] in _COMPLAINTS:
                        said.append(f"{entry['text']} {entry.get('url', '')}".strip())
                case {"method": "Runtime.consoleAPICalled", "params": told}:
                    if told["type"] in _COMPLAINTS:
                        said.append(" ".join(str(part.get("value")) for part in told["args"]))
                case {"method": "Runtime.exceptionThrown", "params": told}:
                    said.append(str(told["exceptionDetails"]["text"]))
        return said

    @property
    def requests(self) -> list[str]:
        """The addresses it asked for, without itself and without what it carries."""
        asked = [
            event["params"]["request"]["url"]
            for event in self._events()
            if event.get("method") == "Network.requestWillBeSent"
        ]
        return [url for url in asked if url != self.url and not url.startswith("data:")]

    @property
    def overflow(self) -> list[str]:
        """Elements that make the page itself scroll sideways; empty where it does not.

        What lies in a box that scrolls by itself is none of them.
        """
        return list(self.evaluate(f"({_OVERFLOW})({self._width})"))

    @property
    def dead_links(self) -> list[str]:
        """Links within the page that lead to nothing."""
        return list(self.evaluate(_DEAD_LINKS))

    @property
    def broken_pictures(self) -> list[str]:
        """Pictures that show nothing."""
        return list(self.evaluate(_BROKEN_PICTURES))

    @property
    def faint_words(self) -> list[str]:
        """Words that stand out too little from what is behind them, as WCAG 2 level AA has it."""
        return list(self.evaluate(_FAINT_WORDS))

    def press(self, key: str) -> None:
        """Press and let go a key, such as Tab or Enter."""
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def screenshot(self, path: Path) -> Path:
        """Write what all of it looks like, as PNG."""
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "scale": 1, "width": size["width"], "height": size["height"]}
        taken = self._call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(taken["data"]))
        return path

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def _events(self) -> list[dict[str, Any]]:
        self.evaluate("0")  # what was said before has come when this is answered
        return [e for e in self._browser.events if e.get("sessionId") == self._session]


class Opener:
    """Opens pages in one browser, and closes them all in the end."""

    def __init__(self, browser: Chromium, stack: ExitStack, folder: Path) -> None:
        self._browser = browser
        self._stack = stack
        self._folder = folder
        self._number = 0

    def __call__(
        self,
        page: Path | str,
        width: int = 1280,
        dark: bool = False,  # noqa: FBT001, FBT002 - open_page(page, 360, True) reads well
        *,
        still: bool = False,
        printed: bool = False,
    ) -> OpenPage:
        """Open a page, and wait until all of it is there.

        Args:
            page: a file, an address beginning with ``http``, or the HTML itself.
            width: of the window, in pixels; below 600 it is a phone.
            dark: whether the reader prefers dark pages.
            still: whether the reader prefers that nothing moves.
            printed: whether it is laid out as on paper.
        """
        browser = self._browser
        session = self._stack.enter_context(browser.tab())
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable", session)
        size = {"width": width, "height": _HEIGHT, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.call("Emulation.setDeviceMetricsOverride", session, **size)
        wishes = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        browser.call(
            "Emulation.setEmulatedMedia",
            session,
            media="print" if printed else "screen",
            features=[{"name": name, "value": value} for name, value in wishes.items()],
        )
        url = self._url(page)
        if reason := browser.call("Page.navigate", session, url=url).get("errorText"):
            raise BrowserError(f"{url}: {reason}")
        browser.wait_for("Page.loadEventFired", session)
        opened = OpenPage(browser, session, url, width)
        opened.evaluate("document.fonts.ready.then(() => 0)")
        return opened

    def _url(self, page: Path | str) -> str:
        if isinstance(page, str) and page.startswith(("http://", "https://")):
            return page
        if isinstance(page, str):
            self._number += 1
            path = self._folder / f"page-{self._number}.html"
            path.write_text(page, encoding="utf-8")
            return path.as_uri()
        return page.resolve().as_uri()


# Of the window's width: a phone makes the layout itself wider where something does not fit.
_OVERFLOW = """(width) => {
  if (document.documentElement.scrollWidth <= width) return [];
  const held = (e) => {
    for (let up = e.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
    return false;
  };
  const wide = [...document.body.querySelectorAll("*")].filter(
    (e) => e.getBoundingClientRect().right > width + 0.5 && !held(e));
  return wide.length ? wide.map((e) => `${e.tagName} ${e.id || e.getAttribute("class") || ""}: `
    + `${Math.round(e.getBoundingClientRect().right)} of ${width}`) : ["the page itself"];
}"""
_DEAD_LINKS = """[...document.querySelectorAll("a[href^='#'], use[href^='#'], [aria-labelledby]")]
  .map((e) => e.getAttribute("href") ?? "#" + e.getAttribute("aria-labelledby"))
  .filter((to) => !document.getElementById(decodeURIComponent(to.slice(1))))"""
_BROKEN_PICTURES = """Promise.all([...document.images].map(async (image) => {
  image.loading = "eager";
  try { await image.decode(); } catch { return image.alt || image.src.slice(0, 80); }
  return image.naturalWidth ? null : image.alt;
})).then((all) => all.filter((name) => name !== null))"""
# The ratio is 4.5, or 3 of large letters. Colours behind are laid over each other; pictures are not
# looked at, and what is clipped away is for screen readers only.
_FAINT_WORDS = r"""(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], under) =>
    [r, g, b].map((value, at) => value * a + under[at] * (1 - a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let up = element; up; up = up.parentElement) {
      const colour = parse(getComputedStyle(up).backgroundColor);
      if (colour[3] > 0) layers.unshift(colour);
      if (colour[3] === 1) break;
    }
    const bare = matchMedia("(prefers-color-scheme: dark)").matches ? 0 : 255;
    return layers.reduce((under, colour) => over(colour, under), [bare, bare, bare]);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim();
    if (!words || element.closest("title, desc, style, script, .unseen")) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const under = behind(element);
    const ink = over(parse(element.closest("svg") ? style.fill : style.color), under);
    const [low, high] = [luminance(ink), luminance(under)].sort((one, other) => one - other);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.add(`${ratio.toFixed(2)}: ${words.slice(0, 60)}`);
  }
  return [...found];
})()"""
