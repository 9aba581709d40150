// Bytes that grow without being cleared, and reads from bytes with a check.
#pragma once

#include "failure.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

// Inlined, for what is called for each block: what it works on then stays in registers.
#if defined(__GNUC__)
#define FACECRYPT_ALWAYS __attribute__((always_inline))
#else
#define FACECRYPT_ALWAYS
#endif

namespace facecrypt::jpeg {

// Bytes of someone else.
struct View {
    const std::uint8_t *at = nullptr;
    std::size_t size = 0;

    std::uint8_t operator[](std::size_t i) const noexcept { return at[i]; }
    View part(std::size_t from, std::size_t to) const noexcept { return {at + from, to - from}; }
};

class Bytes {
public:
    Bytes() = default;
    Bytes(Bytes &&other) noexcept { swap(other); }
    Bytes &operator=(Bytes &&other) noexcept {
        swap(other);
        return *this;
    }
    Bytes(const Bytes &) = delete;
    Bytes &operator=(const Bytes &) = delete;
    ~Bytes() { std::free(at_); }

    std::uint8_t *data() noexcept { return at_; }
    const std::uint8_t *data() const noexcept { return at_; }
    std::size_t size() const noexcept { return size_; }
    View view() const noexcept { return {at_, size_}; }
    void clear() noexcept { size_ = 0; }

    // Room for `more` bytes after the end, which are then written and taken with extend().
    std::uint8_t *room(std::size_t more) {
        if (more > capacity_ - size_) grow(more);
        return at_ + size_;
    }
    void extend(std::size_t written) noexcept { size_ += written; }

    void put(std::uint8_t byte) {
        *room(1) = byte;
        ++size_;
    }
    void put16(unsigned number) {
        put(static_cast<std::uint8_t>(number >> 8));
        put(static_cast<std::uint8_t>(number));
    }
    void put(View bytes) {
        if (bytes.size == 0) return;
        std::memcpy(room(bytes.size), bytes.at, bytes.size);
        size_ += bytes.size;
    }

private:
    void swap(Bytes &other) noexcept {
        std::swap(at_, other.at_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }
    void grow(std::size_t more) {
        if (more > SIZE_MAX / 4 - size_) throw std::bad_alloc();
        const std::size_t wanted = size_ + more;
        const std::size_t capacity = wanted < 64 ? 64 : wanted + wanted / 2;
        void *grown = std::realloc(at_, capacity);
        if (grown == nullptr) throw std::bad_alloc();
        at_ = static_cast<std::uint8_t *>(grown);
        capacity_ = capacity;
    }

    std::uint8_t *at_ = nullptr;
    std::size_t size_ = 0, capacity_ = 0;
};

// Reads what was cut out, which may be anything.
class Input {
public:
    explicit Input(View bytes) : at_(bytes.at), end_(bytes.at + bytes.size) {}

    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    View take(std::size_t size) {
        if (size > left()) throw Damaged("cut short");
        const View taken{at_, size};
        at_ += size;
        return taken;
    }
    std::uint8_t byte() { return *take(1).at; }
    std::uint64_t varint() {
        std::uint64_t number = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            const std::uint8_t next = byte();
            number |= std::uint64_t{next & 127u} << shift;
            if (next < 128) return number;
        }
        throw Damaged("a number is too long");
    }

private:
    const std::uint8_t *at_, *end_;
};

inline void put_varint(Bytes &out, std::uint64_t number) {
    for (; number >= 128; number >>= 7) out.put(static_cast<std::uint8_t>(number | 128));
    out.put(static_cast<std::uint8_t>(number));
}

}  // namespace facecrypt::jpeg
