"""Each benchmark measures against a floor taken in the same run: machines differ, ratios travel."""
