// The lowest contrast ratio (WCAG 2.2, 1.4.3) of the texts in `element` against the opaque colour behind each.
element => {
  const parse = colour => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const over = (top, below) => Object.fromEntries(
    ["r", "g", "b"].map(k => [k, top[k] * top.a + below[k] * (1 - top.a)]).concat([["a", 1]]));
  const behind = node => {
    if (!node) return {r: 255, g: 255, b: 255, a: 1};
    const own = parse(getComputedStyle(node).backgroundColor);
    return own.a === 1 ? own : over(own, behind(node.parentElement));
  };
  const luminance = ({r, g, b}) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let lowest = 21;
  while (walker.nextNode()) {
    if (!walker.currentNode.data.trim()) continue;
    const node = walker.currentNode.parentElement;
    const ground = behind(node);
    const text = luminance(over(parse(getComputedStyle(node).color), ground));
    const [low, high] = [text, luminance(ground)].sort((a, b) => a - b);
    lowest = Math.min(lowest, (high + 0.05) / (low + 0.05));
  }
  return lowest;
}
