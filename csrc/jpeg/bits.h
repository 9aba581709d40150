// Bits of scans, first bit highest.
#pragma once

#include "bytes.h"
#include "huffman.h"

#include <cstdint>

namespace facecrypt::jpeg {

inline std::uint64_t big_endian(std::uint64_t number) noexcept {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return number;
#else
    return __builtin_bswap64(number);
#endif
}

inline std::uint64_t load_be64(const std::uint8_t *from) noexcept {
    std::uint64_t number;
    std::memcpy(&number, from, sizeof number);
    return big_endian(number);
}

inline void store_be64(std::uint8_t *to, std::uint64_t number) noexcept {
    number = big_endian(number);
    std::memcpy(to, &number, sizeof number);
}

// How many bits the magnitude of a coefficient has.
inline int magnitude_bits(unsigned magnitude) noexcept {
    return magnitude == 0 ? 0 : 32 - __builtin_clz(magnitude);
}

// T.81 F.2.2.1, EXTEND; size >= 1.
inline int extend(std::uint32_t bits, int size) noexcept {
    return bits < 1u << (size - 1) ? static_cast<int>(bits) + 1 - (1 << size)
                                   : static_cast<int>(bits);
}

// A reader looks at no more than this many bytes after the end while it decodes one block: 64
// codes of 16 bits, each with 15 bits after it, and the word it loads. check() is for once a block.
constexpr std::size_t slack = 512;

class BitReader {
public:
    BitReader() = default;
    BitReader(const std::uint8_t *at, const std::uint8_t *end) noexcept : at_(at), end_(end) {}

    // At least 56 bits are then there.
    void fill() noexcept {
        window_ |= load_be64(at_) >> held_;
        at_ += (63 - held_) >> 3;
        held_ |= 56;
    }
    // At least 31 bits are then there: a code and what follows it.
    void fill_if_low() noexcept {
        if (held_ < 31) fill();
    }
    // 1 <= n <= what is there.
    std::uint32_t peek(int n) const noexcept {
        return static_cast<std::uint32_t>(window_ >> (64 - n));
    }
    void drop(int n) noexcept {
        window_ <<= n;
        held_ -= n;
    }
    std::uint32_t take(int n) noexcept {
        if (n == 0) return 0;
        fill();
        const std::uint32_t bits = peek(n);
        drop(n);
        return bits;
    }
    std::uint64_t position(const std::uint8_t *from) const noexcept {
        return static_cast<std::uint64_t>(at_ - from) * 8 - static_cast<std::uint64_t>(held_);
    }
    void check() const {
        if (at_ - (held_ >> 3) > end_) throw Refused("a scan is cut short");
    }

    // The next code; leaves at least 40 bits.
    int symbol(const DecodeTable &table) {
        fill();
        const DecodeTable::Entry entry = table.lookup[peek(DecodeTable::bits)];
        if (entry.length == 0) return long_symbol(table);
        const bool whole = entry.length & DecodeTable::whole;
        drop(whole ? (entry.length & 127) - (entry.symbol & 15) : entry.length);
        return entry.symbol;
    }
    // After fill(): a code of more bits than the lookup has.
    int long_symbol(const DecodeTable &table) {
        const DecodeTable::Entry entry = table.find_long(peek(16));
        drop(entry.length);
        return entry.symbol;
    }
    // A difference of DC coefficients.
    int difference(const DecodeTable &table) {
        fill();
        const DecodeTable::Entry entry = table.lookup[peek(DecodeTable::bits)];
        if (entry.length & DecodeTable::whole && entry.symbol < 16) {
            drop(entry.length & 127);
            return entry.value;
        }
        const int size = symbol(table);
        if (size > 15) throw Refused("a DC difference of more than 15 bits");
        if (size == 0) return 0;
        const std::uint32_t bits = peek(size);
        drop(size);
        return extend(bits, size);
    }

private:
    const std::uint8_t *at_ = nullptr, *end_ = nullptr;
    std::uint64_t window_ = 0;
    int held_ = 0;
};

// Writes bits to where there is room; `stuffed` as in scans, where a zero follows each FF. A copy
// of it can go on in registers.
template <bool stuffed> class BitWriter {
public:
    BitWriter() = default;
    explicit BitWriter(std::uint8_t *at) noexcept : at_(at) {}

    // n <= 32, and nothing above them in `bits`.
    void put(std::uint32_t bits, int n) noexcept {
        if (held_ + n <= 64) {
            window_ = window_ << n | bits;
            held_ += n;
            return;
        }
        const int spare = 64 - held_, rest = n - spare;
        write(window_ << spare | std::uint64_t{bits} >> rest, 8);
        window_ = bits;
        held_ = rest;
    }
    // Bits to the end of the byte: those of `padding`.
    void pad(std::uint32_t padding) noexcept {
        const int n = -held_ & 7;
        put(padding & ((1u << n) - 1), n);
        if (held_ != 0) write(window_ << (64 - held_), held_ >> 3);
        held_ = 0;
        window_ = 0;
    }
    // Between padded bytes: as it is.
    void marker(std::uint8_t which) noexcept {
        *at_++ = 0xFF;
        *at_++ = which;
    }
    std::uint8_t *at() const noexcept { return at_; }
    void move_to(std::uint8_t *at) noexcept { at_ = at; }

private:
    void write(std::uint64_t word, int bytes) noexcept {
        // A byte is FF where adding one to it carries out of it.
        if (!stuffed || (word & ~(word + 0x0101010101010101) & 0x8080808080808080) == 0) {
            store_be64(at_, word);
            at_ += bytes;
            return;
        }
        for (int i = 0; i < bytes; ++i) {
            const auto byte = static_cast<std::uint8_t>(word >> (56 - 8 * i));
            *at_++ = byte;
            if (byte == 0xFF) *at_++ = 0;
        }
    }

    std::uint8_t *at_ = nullptr;
    std::uint64_t window_ = 0;
    int held_ = 0;
};

}  // namespace facecrypt::jpeg
