// Blocks of sequential scans: T.81 F.1.2 and F.2.2.
#pragma once

#include "bits.h"
#include "coefficients.h"

namespace facecrypt::jpeg {

// DC coefficients: so that each difference of two has at most 15 bits.
constexpr int max_dc = 16383;

// What a block was coded as, for writing it again with other tables.
namespace symbol {
// The symbol in the low byte and the number that it stands for above; of the first of a block the
// DC coefficient itself.
constexpr std::uint32_t dc = 0x100;
constexpr std::uint32_t of(std::uint32_t kind, int number) noexcept {
    return kind | static_cast<std::uint32_t>(static_cast<std::uint16_t>(number)) << 16;
}
constexpr int number(std::uint32_t one) noexcept {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(one >> 16));
}
constexpr std::size_t most = 70;  // of a block
}  // namespace symbol

struct Forget {
    void put(std::uint32_t, int) noexcept {}
};
struct Remember {
    std::uint32_t *at;

    void put(std::uint32_t kind, int number) noexcept { *at++ = symbol::of(kind, number); }
};

// Reads a block into zeros. Returns how many codes of 16 zeros came before its end.
template <class Record>
FACECRYPT_ALWAYS inline int decode_block(BitReader &reader, const DecodeTable &dc,
                                         const DecodeTable &ac, int &last, std::int16_t *block,
                                         Record &record) {
    const int sum = last + reader.difference(dc);
    if (sum < -max_dc || sum > max_dc) throw Refused("a DC coefficient is out of range");
    last = sum;
    block[0] = static_cast<std::int16_t>(sum);
    record.put(symbol::dc, sum);
    unsigned k = 1, after = 1;  // after: the last coefficient that is not zero
    int zeros = 0;
    reader.fill();
    do {
        const DecodeTable::Entry entry = ac.lookup[reader.peek(DecodeTable::bits)];
        if (entry.length & DecodeTable::whole) {
            k += entry.symbol >> 4;
            if (k > 63) throw Refused("a block of more than 64 coefficients");
            block[k++] = entry.value;
            record.put(entry.symbol, entry.value);
            after = k;
            reader.drop(entry.length & 127);
            reader.fill_if_low();
            continue;
        }
        const int kind = entry.length ? entry.symbol : reader.long_symbol(ac);
        if (entry.length) reader.drop(entry.length);
        const int size = kind & 15;
        if (size != 0) {
            k += static_cast<unsigned>(kind) >> 4;
            if (k > 63) throw Refused("a block of more than 64 coefficients");
            const int number = extend(reader.peek(size), size);
            block[k++] = static_cast<std::int16_t>(number);
            record.put(static_cast<std::uint32_t>(kind), number);
            after = k;
            reader.drop(size);
            reader.fill();
        } else if (kind == 0) {
            record.put(0, 0);
            zeros = static_cast<int>(k - after) / 16;
            break;
        } else if (kind == 0xF0) {
            record.put(0xF0, 0);
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

// The same from what a block was coded as; returns where the next begins. There is one after it.
template <class Sink>
FACECRYPT_ALWAYS inline const std::uint32_t *encode_symbols(Sink &sink, std::size_t k, int &last,
                                                            const std::uint32_t *at) {
    auto out = sink.open(k);
    const int dc = symbol::number(*at++);
    const Sized difference(dc - last);
    last = dc;
    out.dc(difference.size, difference.bits, difference.size);
    for (; !(*at & symbol::dc); ++at) {
        const int kind = *at & 255, size = kind & 15, number = symbol::number(*at);
        out.ac(kind, static_cast<unsigned>(number + (number >> 31)) & ((1u << size) - 1), size);
    }
    sink.close(out);
    return at;
}

}  // namespace facecrypt::jpeg
