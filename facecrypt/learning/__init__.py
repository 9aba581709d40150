"""Learning on encrypted pictures: networks, data, training. Needs ``facecrypt[learn]``.

A network is trained and tested on the ciphers of a scheme in :mod:`facecrypt.schemes`, never on
the pictures, and its accuracy is compared with that of one trained on the pictures themselves.

For this to work at all, one key encrypts every picture of a data set. So it is no secrecy: whoever
may have one or two pictures of his choice encrypted sees the key, and with it all the others
(:mod:`facecrypt.attacks` does it). To keep pictures secret, seal them:
:func:`facecrypt.encrypt_files`.
"""
