"""Below which confidence to abstain, by embedder: cosines of different models don't compare.

Chosen by `RAGService.calibrate()` on the calibration questions in the languages that the embedder knows, over the
shelf's pages in chunks of 500 with an overlap of 50; the highest F1 of abstaining. There are few questions that no page
answers, so a threshold is a start, not a law: calibrate on your own documents and questions.
"""

SHIPPED = {"minilm": 0.291, "minilm-int8": 0.291, "use": 0.246}
