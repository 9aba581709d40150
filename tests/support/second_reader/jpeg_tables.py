"""Huffman tables (T.81, annexes C and K) and bits."""


class Table:
    """A Huffman table: code of each symbol, and what the next 16 bits stand for."""

    def __init__(self, counts, symbols) -> None:
        self.counts = tuple(counts) + (0,) * (16 - len(counts))
        self.symbols = bytes(symbols)
        self.codes, code, at = {}, 0, 0
        self.lookup = [None] * 65536
        for length, count in enumerate(self.counts, 1):
            for symbol in self.symbols[at : at + count]:
                if code >> length:
                    raise ValueError("a DHT with more codes than bits")
                self.codes[symbol] = (code, length)
                first, width = code << 16 - length, 1 << 16 - length
                self.lookup[first : first + width] = [(symbol, length)] * width
                code += 1
            at += count
            code <<= 1

    def segment(self, where: int) -> bytes:
        """Its part of a DHT; `where` is class and number."""
        return bytes([where, *self.counts]) + self.symbols


def _standard_ac(counts: str, symbols: str) -> Table:
    return Table(bytes.fromhex(counts), bytes.fromhex(symbols))


# T.81, tables K.3 to K.6.
ANNEX_K = {
    (0, 0): Table([0, 1, 5, 1, 1, 1, 1, 1, 1], range(12)),
    (0, 1): Table([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1], range(12)),
    (1, 0): _standard_ac(
        "0002010303020403050504040000017d",
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f0"
        "2433627282090a161718191a25262728292a3435363738393a43444546474849"
        "4a535455565758595a636465666768696a737475767778797a83848586878889"
        "8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5"
        "c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
    ),
    (1, 1): _standard_ac(
        "00020102040403040705040400010277",
        "000102031104052131061241510761711322328108144291a1b1c109233352f0"
        "156272d10a162434e125f11718191a262728292a35363738393a434445464748"
        "494a535455565758595a636465666768696a737475767778797a828384858687"
        "88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"
        "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
    ),
}


class Bits:
    """Reads the bits of one restart interval, its byte stuffing removed already."""

    def __init__(self, data: bytes) -> None:
        self.size = 8 * len(data)
        self._data, self._at = data + bytes(8), 0

    @property
    def left(self) -> int:
        return self.size - self._at

    def symbol(self, table: Table) -> int:
        at = self._at
        three = self._data[at >> 3 : (at >> 3) + 3]
        if len(three) < 3:
            raise EOFError
        found = table.lookup[(int.from_bytes(three) >> 8 - (at & 7)) & 0xFFFF]
        if found is None:
            raise ValueError("bits that are no code")
        self._at = at + found[1]
        return found[0]

    def take(self, count: int) -> int:
        """`count` bits, at most 16, as a number."""
        at = self._at
        self._at = at + count
        three = self._data[at >> 3 : (at >> 3) + 3]
        return (int.from_bytes(three) >> 24 - (at & 7) - count) & ((1 << count) - 1)

    def signed(self, size: int) -> int:
        """RECEIVE and EXTEND of T.81, F.2.2.1."""
        if not size:
            return 0
        value = self.take(size)
        return value if value >> size - 1 else value - (1 << size) + 1


class BitWriter:
    """Collects bits."""

    def __init__(self) -> None:
        self._bits, self._count, self._out = 0, 0, bytearray()

    @property
    def over(self) -> int:
        """Bits in the byte that is not full."""
        return self._count % 8

    def put(self, value: int, size: int) -> None:
        self._bits = self._bits << size | value
        self._count += size
        if self._count >= 512:
            self._drain()

    def symbol(self, table: Table, symbol: int) -> None:
        if symbol not in table.codes:
            raise KeyError(f"the table lacks symbol {symbol:02x}")
        self.put(*table.codes[symbol])

    def signed(self, value: int, size: int) -> None:
        if size:
            self.put(value if value > 0 else value + (1 << size) - 1, size)

    def _drain(self) -> None:
        rest = self._count % 8
        self._out += (self._bits >> rest).to_bytes(self._count // 8)
        self._bits &= (1 << rest) - 1
        self._count = rest

    def taken(self) -> bytes:
        """The whole bytes so far, which must be all."""
        self._drain()
        assert not self._count
        out, self._out = bytes(self._out), bytearray()
        return out
