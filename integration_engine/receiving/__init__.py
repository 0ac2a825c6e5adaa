"""A recipient's own side: takes each delivery once, though it is sent twice, late or in another order, and whenever it dies.

For panels, response teams and the national record: run it (``cdr cdop receive``) or copy this folder, which needs Python
alone (and pika, to read a queue) and nothing else of the engine.
"""
