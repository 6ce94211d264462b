// What is asked of a page as a whole. An expression: `${this file}.nameless()`.
({
  /** Controls and headings that say no name to who does not see them. */
  nameless() {
    const controls = "a, button, input, select, summary, [role=option], [tabindex='0'], h1, h2, h3";
    const nameOf = (each) =>
      each.getAttribute("aria-label") || each.labels?.[0]?.innerText || each.textContent.trim();
    return [...document.querySelectorAll(controls)]
      .filter((each) => each.checkVisibility() && !nameOf(each))
      .map((each) => each.outerHTML);
  },

  /** Ids that stand for more than one thing. */
  doubled() {
    const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
  },

  /** Texts that stand out by less than 4.5 to 1 from what is under them, as WCAG reckons. */
  faint() {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const paint = (colour) => {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data]
        .map((each) => each / 255)
        .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const hasText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const contrast = (each) => {
      const above = [];
      for (let at = each; at; at = at.parentElement) above.unshift(at);
      const ground = above.map((at) => paint(getComputedStyle(at).backgroundColor)).at(-1);
      const text = paint(getComputedStyle(each).color);
      return (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
    };
    return [...document.querySelectorAll("body *")]
      .filter((each) => hasText(each) && each.checkVisibility())
      .filter((each) => !each.closest(".unseen, .skip, noscript, option"))
      .map((each) => [contrast(each).toFixed(2), each.outerHTML.slice(0, 120)])
      .filter(([found]) => Number(found) < 4.5);
  },

  /** Controls that a finger misses: less than 44 pixels high. */
  small() {
    const controls = "a, button, select, summary, label.value, .choices label";
    return [...document.querySelectorAll(controls)]
      .filter((each) => each.checkVisibility() && !each.closest(".unseen, .skip"))
      .map((each) => [each.getBoundingClientRect().height, each.outerHTML.slice(0, 120)])
      .filter(([height]) => height < 43.5);
  },

  /** What moves. */
  moving() {
    const styleOf = (each) => getComputedStyle(each);
    return [...document.querySelectorAll("*")]
      .filter((each) => styleOf(each).animationName !== "none" || styleOf(each).transitionDuration !== "0s")
      .map((each) => each.outerHTML.slice(0, 120));
  },
})
