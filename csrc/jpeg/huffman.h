// Huffman tables: as DHT writes them, for decoding, for encoding, and the best for given counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace facecrypt::jpeg {

// T.81 B.2.4.2: how many codes there are of each length (counts[0] is 0), and their symbols.
struct Spec {
    std::array<std::uint8_t, 17> counts{};
    std::array<std::uint8_t, 256> symbols{};  // those beyond size() are 0

    std::size_t size() const noexcept;
    bool has_symbols_once() const noexcept;
    bool operator==(const Spec &other) const noexcept {
        return counts == other.counts && symbols == other.symbols;
    }
};

// Throws Refused where there are more codes of a length than that length has.
void check(const Spec &spec);

// Annex K: which = 0 luminance, 1 chrominance.
const Spec &standard(bool ac, int which) noexcept;

struct DecodeTable {
    static constexpr int bits = 10;
    static constexpr std::uint8_t whole = 0x80;
    // What the next 10 bits begin with. length 0: a longer code. With `whole` set: a code and
    // the bits after it, of that length together, and the number that they stand for.
    struct Entry {
        std::int16_t value;
        std::uint8_t symbol;
        std::uint8_t length;
    };

    std::array<Entry, 1 << bits> lookup;
    // Of codes of each length: the first, one past the last, and the number of its symbol.
    std::array<std::uint32_t, 17> first, past, number;
    std::array<std::uint8_t, 256> symbols;

    explicit DecodeTable(const Spec &spec);
    // What 16 bits begin with, if that is a code of more than the lookup has; throws Refused.
    Entry find_long(std::uint32_t next) const;
};

struct EncodeTable {
    struct Code {
        std::uint16_t bits, length;  // length 0: there is none
    };
    std::array<Code, 256> codes{};

    explicit EncodeTable(const Spec &spec);
};

using Counts = std::array<std::uint64_t, 256>;

// T.81 K.2, with ties broken as libjpeg does.
Spec optimal(const Counts &counts);

}  // namespace facecrypt::jpeg
