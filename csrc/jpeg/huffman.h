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
    // the bits after it, of that length together, and the number that they stand for, 0 if none.
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

// Of AC coefficients in sequential scans: all that the next bits are sure to have, at most two
// coefficients and the end of the block.
struct AcTable {
    static constexpr int bits = DecodeTable::bits;
    static constexpr std::uint8_t ends = 0x80, unsure = 64;
    struct Entry {
        std::uint32_t mask;  // of the coefficients, from the next place on
        std::int8_t values[2];
        std::uint8_t places;  // that are done then; `unsure`: none of this holds
        std::uint8_t how;     // bits that this takes, 32 for each coefficient, `ends`
    };

    std::array<Entry, 1 << bits> lookup;
    DecodeTable each;

    explicit AcTable(const Spec &spec);
};

// How many bits the magnitude of a coefficient has.
inline int magnitude_bits(unsigned magnitude) noexcept {
    return magnitude == 0 ? 0 : 32 - __builtin_clz(magnitude);
}

// A difference or coefficient as its size and that many bits: T.81 F.1.2.1.
struct Sized {
    int size;
    std::uint32_t bits;

    explicit Sized(int number) noexcept {
        const int sign = number >> 31;
        size = magnitude_bits(static_cast<unsigned>((number ^ sign) - sign));
        bits = static_cast<unsigned>(number + sign) & ((1u << size) - 1);
    }
};

struct EncodeTable {
    struct Code {
        std::uint32_t bits : 24, length : 8;  // length 0: there is none
    };
    static constexpr int least = -64, most = 63;

    std::array<Code, 256> codes{};
    // Of AC coefficients after a run of zeros: the code and the bits after it.
    std::array<Code, 16 * (most - least + 1)> small{};

    static bool is_small(int number) noexcept { return number >= least && number <= most; }
    static std::size_t place(int run, int number) noexcept {
        return static_cast<std::size_t>(run * (most - least + 1) + number - least);
    }

    EncodeTable(const Spec &spec, bool ac);
};

using Counts = std::array<std::uint64_t, 256>;

// T.81 K.2, with ties broken as libjpeg does.
Spec optimal(const Counts &counts);

}  // namespace facecrypt::jpeg
