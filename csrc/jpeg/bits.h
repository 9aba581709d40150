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
    void fill_to(int bits) noexcept {
        if (held_ < bits) fill();
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

// Writes bits to where there is room for them and 8 bytes more. A copy of it can go on in
// registers.
class BitWriter {
public:
    // n <= 32, and nothing above them in `bits`. Together at most 56 until they are stored.
    void add(std::uint32_t bits, int n) noexcept {
        held_ += n;
        window_ |= std::uint64_t{bits} << (-held_ & 63);  // none of no bits
    }
    void store() noexcept {
        store_be64(at_, window_);
        at_ += held_ >> 3;
        window_ <<= held_ & 56;
        held_ &= 7;
    }
    void put(std::uint32_t bits, int n) noexcept {
        add(bits, n);
        store();
    }
    // Bits to the end of the byte: those of `padding`.
    void pad(std::uint32_t padding) noexcept {
        const int n = -held_ & 7;
        if (n != 0) put(padding & ((1u << n) - 1), n);
    }
    // The whole bytes that are written end here.
    std::uint8_t *at() const noexcept { return at_; }
    void move_to(std::uint8_t *at) noexcept { at_ = at; }

private:
    std::uint8_t *at_ = nullptr;
    std::uint64_t window_ = 0;
    int held_ = 0;  // less than 8 after store()
};

// As in scans: a zero after each FF.
inline void put_stuffed(Bytes &out, const std::uint8_t *from, const std::uint8_t *end) {
    std::uint8_t *const start = out.room(2 * static_cast<std::size_t>(end - from)), *to = start;
    while (from != end) {
        if (end - from >= 8) {
            const std::uint64_t word = load_be64(from);
            // A byte is FF where adding one to it carries out of it.
            if ((word & ~(word + 0x0101010101010101) & 0x8080808080808080) == 0) {
                store_be64(to, word);
                from += 8;
                to += 8;
                continue;
            }
        }
        for (int i = 0; i < 8 && from != end; ++i) {
            *to++ = *from;
            if (*from++ == 0xFF) *to++ = 0;
        }
    }
    out.extend(static_cast<std::size_t>(to - start));
}

}  // namespace facecrypt::jpeg
