// Marks the theme for what cells show, sets mathematics and draws diagrams. Nothing here asks a network.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.dataset.jpThemeLight = String(!dark);

  if (window.renderMathInElement) {
    const delimiters = [
      { left: "$$", right: "$$", display: true },
      { left: "\\[", right: "\\]", display: true },
      { left: "\\begin{equation}", right: "\\end{equation}", display: true },
      { left: "\\begin{align}", right: "\\end{align}", display: true },
      { left: "\\begin{align*}", right: "\\end{align*}", display: true },
      { left: "\\begin{gather}", right: "\\end{gather}", display: true },
      { left: "$", right: "$", display: false },
      { left: "\\(", right: "\\)", display: false },
    ];
    for (const element of document.querySelectorAll(".jp-RenderedMarkdown, .jp-RenderedLatex")) {
      window.renderMathInElement(element, { delimiters, throwOnError: false });
    }
  }

  const diagrams = document.querySelectorAll("pre.mermaid");
  if (window.mermaid && diagrams.length) {
    window.mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default", securityLevel: "strict" });
    window.mermaid.run({ nodes: diagrams, suppressErrors: true });
  }
})();
