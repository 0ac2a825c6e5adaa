"""Planning: questions asked of past cases, not of one child. What if the panels' areas had been others?"""
