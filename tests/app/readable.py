"""Which words of a part of the page are cut off at its sides or hard to read."""

from __future__ import annotations

from typing import Any

CONTRAST = 4.5  # WCAG 2.1, level AA, for text

_MEASURE = """part => {
  const rgb = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => v <= 10.31 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const over = (top, below) => [0, 1, 2].map(i => (top[3] ?? 1) * top[i] + (1 - (top[3] ?? 1)) * below[i]);
  const paper = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length && (colour[3] ?? 1) > 0) layers.push(colour);
      if (colour.length && (colour[3] ?? 1) === 1) break;
    }
    return layers.reduceRight((below, top) => over(top, below), [255, 255, 255]);
  };
  const words = [], edge = part.getBoundingClientRect();
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement, range = document.createRange();
    range.selectNodeContents(node);
    const text = node.textContent.replace(/\\u200b/g, "").trim(), box = range.getBoundingClientRect();
    if (!text || !box.width || element.closest("[disabled], .Mui-disabled, style, fieldset")) continue;
    const drawn = element instanceof SVGElement, style = getComputedStyle(element);
    const ground = paper(drawn ? element.closest("svg").parentElement : element);
    const ink = rgb(drawn ? style.fill : style.color);
    ink[3] = (ink[3] ?? 1) * (drawn ? style.fillOpacity * style.opacity : 1);
    const [low, high] = [light(ground), light(over(ink, ground))].sort((a, b) => a - b);
    const cut = Math.round(Math.max(box.right - edge.right, edge.left - box.left));
    words.push({text, cut, contrast: (high + 0.05) / (low + 0.05)});
  }
  return words;
}"""


def words_of(part: Any) -> list[dict[str, Any]]:
    """Every piece of text in a part of the page: ``text``, ``contrast`` with what lies behind it, pixels ``cut`` off.

    Disabled controls are left out, as in WCAG.
    """
    return part.evaluate(_MEASURE)


def faults_of(part: Any) -> list[str]:
    """What cannot be read, in words; nothing if all is well."""
    return [
        f"{word['text']!r}: contrast {word['contrast']:.2f}, {max(word['cut'], 0)} pixels cut off"
        for word in words_of(part)
        if word["contrast"] < CONTRAST or word["cut"] > 1
    ]
