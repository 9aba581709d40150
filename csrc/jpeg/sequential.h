// Blocks of sequential scans: T.81 F.1.2 and F.2.2.
#pragma once

#include "bits.h"
#include "coefficients.h"

namespace facecrypt::jpeg {

// DC coefficients: so that each difference of two has at most 15 bits.
constexpr int max_dc = 16383;

// Reads a block into zeros. Returns how many codes of 16 zeros came before its end.
FACECRYPT_ALWAYS inline int decode_block(BitReader &reader, const DecodeTable &dc,
                                         const DecodeTable &ac, int &last, std::int16_t *block) {
    const int sum = last + reader.difference(dc);
    if (sum < -max_dc || sum > max_dc) throw Refused("a DC coefficient is out of range");
    last = sum;
    block[0] = static_cast<std::int16_t>(sum);
    unsigned k = 1, after = 1;  // after: the last coefficient that is not zero
    int zeros = 0;
    reader.fill();
    do {
        const DecodeTable::Entry entry = ac.lookup[reader.peek(DecodeTable::bits)];
        if (entry.length & DecodeTable::whole) {
            k += entry.symbol >> 4;
            if (k > 63) throw Refused("a block of more than 64 coefficients");
            block[k++] = entry.value;
            after = k;
            reader.drop(entry.length & 127);
            reader.fill_if_low();
            continue;
        }
        const int symbol = entry.length ? entry.symbol : reader.long_symbol(ac);
        if (entry.length) reader.drop(entry.length);
        const int size = symbol & 15;
        if (size != 0) {
            k += static_cast<unsigned>(symbol) >> 4;
            if (k > 63) throw Refused("a block of more than 64 coefficients");
            block[k++] = static_cast<std::int16_t>(extend(reader.peek(size), size));
            after = k;
            reader.drop(size);
            reader.fill();
        } else if (symbol == 0) {
            zeros = static_cast<int>(k - after) / 16;
            break;
        } else if (symbol == 0xF0) {
            k += 16;
            if (k > 63) throw Refused("a block of more than 64 coefficients");
            reader.fill();
        } else {
            throw Refused("a symbol that sequential scans do not have");
        }
    } while (k < 64);
    return zeros;
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

template <class Sink>
FACECRYPT_ALWAYS inline void encode_block(Sink &sink, std::size_t k, int &last,
                                          const std::int16_t *block,
                                          std::uint32_t zeros_before_end) {
    auto out = sink.open(k);
    const Sized dc(block[0] - last);
    last = block[0];
    out.dc(dc.size, dc.bits, dc.size);
    int before = 0;
    for (std::uint64_t mask = nonzero(block) & ~std::uint64_t{1}; mask; mask &= mask - 1) {
        const int at = lowest(mask);
        int run = at - before - 1;
        before = at;
        for (; run > 15; run -= 16) out.ac(0xF0, 0, 0);
        const Sized one(block[at]);
        out.ac(run << 4 | one.size, one.bits, one.size);
    }
    if (before != 63) {
        for (; zeros_before_end != 0; --zeros_before_end) out.ac(0xF0, 0, 0);
        out.ac(0, 0, 0);
    }
    sink.close(out);
}

}  // namespace facecrypt::jpeg
