"""The Gemini Batch API: requests, states, counts, errors and streamed results; alone imports google.genai."""
