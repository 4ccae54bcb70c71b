"""`purchase-orders-sandbox`: a local stand-in for both upstreams.

One process answers over TLS as the Microsoft token authority, Partner Center and
AppZen do, for a made-up world that moves with a clock of its own. It stands on its
own: nothing of the tap is used here, so a misreading in one is seen by the other.
"""
