// Blocks of sequential scans: T.81 F.1.2 and F.2.2.
#pragma once

#include "bits.h"
#include "packed.h"

namespace facecrypt::jpeg {

// DC coefficients: so that each difference of two has at most 15 bits.
constexpr int max_dc = 16383;

// Reads one code of AC coefficients, whatever it is; false at the end of the block.
inline bool decode_one(BitReader &reader, const DecodeTable &table, unsigned &k,
                       std::uint64_t &mask, std::uint8_t *&to) {
    const int kind = reader.symbol(table), size = kind & 15;
    if (kind == 0) return false;
    if (size == 0 && kind != 0xF0) throw Refused("a symbol that sequential scans do not have");
    k += static_cast<unsigned>(kind) >> 4;
    if (k > 63) throw Refused("a block of more than 64 coefficients");
    if (size != 0) {
        store_number(to, extend(reader.take(size), size));
        to += 2;
        mask |= std::uint64_t{1} << k;
    }
    ++k;
    if (size == 0 && k > 63) throw Refused("a block of more than 64 coefficients");
    return true;
}

// Reads a block, packed; returns where it ends. `zeros`: how many codes of 16 zeros came before
// its end.
FACECRYPT_ALWAYS inline std::uint8_t *decode_block(BitReader &reader, const DecodeTable &dc,
                                                   const AcTable &ac, int &last,
                                                   std::uint8_t *const block, unsigned &zeros) {
    const int sum = last + reader.difference(dc);
    if (sum < -max_dc || sum > max_dc) throw Refused("a DC coefficient is out of range");
    last = sum;
    std::uint8_t *to = block + 8;
    store_number(to, sum);
    to += 2;
    std::uint64_t mask = 1;
    unsigned k = 1;
    // What one entry says; false where more bits have to be read first, or it was the last.
    bool ended = false;
    const auto step = [&]() FACECRYPT_ALWAYS {
        const AcTable::Entry entry = ac.lookup[reader.peek(AcTable::bits)];
        if (k + entry.places > 63) {
            ended = !decode_one(reader, ac.each, k, mask, to) || k > 63;
            return false;
        }
        store_number(to, entry.values[0]);
        store_number(to + 2, entry.values[1]);
        to += entry.how >> 4 & 6;
        mask |= std::uint64_t{entry.mask} << k;
        k += entry.places;
        reader.drop(entry.how & 15);
        ended = entry.how & AcTable::ends;
        return !ended;
    };
    reader.fill_to(40);  // mostly they are still there
    step() && step() && step() && step();
    while (!ended) {
        reader.fill();
        step() && step() && step() && step() && step();
    }
    store_mask(block, mask);
    zeros = (k - 64 + static_cast<unsigned>(__builtin_clzll(mask))) / 16;
    return to;
}

// Writes a packed block to an open sink; returns where it ends.
template <class Open>
FACECRYPT_ALWAYS inline const std::uint8_t *
encode_block(Open &out, int &last, const std::uint8_t *from, std::uint32_t zeros_before_end) {
    std::uint64_t mask = load_mask(from);
    const int sum = dc_of(from);
    const Sized dc(sum - last);
    last = sum;
    out.dc(dc.size, dc.bits, dc.size);
    int before = 0;
    from += 10;
    mask &= mask - 1;
    const auto step = [&]() FACECRYPT_ALWAYS {
        const int at = lowest(mask);
        mask &= mask - 1;
        int run = at - before - 1;
        before = at;
        for (; run > 15; run -= 16) out.ac(0xF0, 0, 0);
        out.coefficient(run, load_number(from));
        from += 2;
        return mask != 0;
    };
    if (mask != 0)
        for (bool more = step();; more = step()) {  // one with what waits
            out.store();
            if (!more || !step()) break;
        }
    if (before == 63) {
        out.store();
    } else {
        for (; zeros_before_end != 0; --zeros_before_end) out.ac(0xF0, 0, 0);
        out.ac(0, 0, 0);
    }
    return from;
}

}  // namespace facecrypt::jpeg
