// What encoders write to: symbols that are counted, or bits.
#pragma once

#include "bits.h"
#include "layout.h"

namespace facecrypt::jpeg {

// How often each table of a scan uses each symbol.
class Counter {
public:
    explicit Counter(const Scan &scan) : scan_(scan) {}

    // For one block of component k of the scan; to be closed after it.
    struct Open {
        Counts &dc_counts, &ac_counts;

        void dc(int symbol, std::uint32_t, int) noexcept {
            ++dc_counts[static_cast<std::size_t>(symbol)];
        }
        void ac(int symbol, std::uint32_t, int) noexcept {
            ++ac_counts[static_cast<std::size_t>(symbol)];
        }
        void raw(std::uint32_t, int) noexcept {}
    };
    Open open(std::size_t k) noexcept {
        return {dc_counts[static_cast<std::size_t>(scan_.dc[k])],
                ac_counts[static_cast<std::size_t>(scan_.ac[k])]};
    }
    void close(const Open &) noexcept {}
    void ready() noexcept {}
    void end_interval(std::uint32_t) noexcept {}
    void restart(unsigned) noexcept {}
    void finish() noexcept {}

    std::array<Counts, 4> dc_counts{}, ac_counts{};

private:
    const Scan &scan_;
};

// Bits at the end of bytes, with one table of each kind for each component of the scan.
template <bool stuffed> class Writer {
public:
    explicit Writer(Bytes &out) : out_(out) { more_room(); }
    Writer(const Writer &) = delete;
    Writer &operator=(const Writer &) = delete;

    void use(std::size_t k, const EncodeTable *dc, const EncodeTable *ac) noexcept {
        dc_[k] = dc;
        ac_[k] = ac;
    }

    struct Open {
        BitWriter<stuffed> bits;
        const EncodeTable *dc_table, *ac_table;
        bool missing = false;

        void dc(int symbol, std::uint32_t extra, int n) noexcept {
            put(*dc_table, symbol, extra, n);
        }
        void ac(int symbol, std::uint32_t extra, int n) noexcept {
            put(*ac_table, symbol, extra, n);
        }
        void raw(std::uint32_t some, int n) noexcept { bits.put(some, n); }
        void put(const EncodeTable &table, int symbol, std::uint32_t extra, int n) noexcept {
            const EncodeTable::Code code = table.codes[static_cast<std::size_t>(symbol)];
            missing |= code.length == 0;
            bits.put(std::uint32_t{code.bits} << n | extra, code.length + n);
        }
    };
    Open open(std::size_t k) const noexcept { return {bits_, dc_[k], ac_[k]}; }
    void close(const Open &block) noexcept {
        bits_ = block.bits;
        missing_ |= block.missing;
    }

    // Before each block, and before each 500 bytes of anything.
    void ready() {
        if (missing_) throw MissingSymbol();
        if (end_ - bits_.at() < 1024) more_room();
    }
    // The bits [from, to) of `bytes`, which have 8 bytes after them.
    void copy(const std::uint8_t *bytes, std::uint64_t from, std::uint64_t to) {
        while (from != to) {
            ready();
            BitWriter<stuffed> writer = bits_;
            for (int i = 0; i < 100 && to - from >= 32; ++i, from += 32)
                writer.put(word_at(bytes, from), 32);
            const auto rest = to - from < 32 ? static_cast<int>(to - from) : 0;
            if (rest != 0) writer.put(word_at(bytes, from) >> (32 - rest), rest);
            from += static_cast<std::uint64_t>(rest);
            bits_ = writer;
        }
    }
    void end_interval(std::uint32_t padding) noexcept { bits_.pad(padding); }
    void restart(unsigned number) noexcept {
        bits_.marker(static_cast<std::uint8_t>(0xD0 + number % 8));
    }
    void finish() {
        if (missing_) throw MissingSymbol();
        out_.extend(static_cast<std::size_t>(bits_.at() - start_));
        start_ = bits_.at();
    }

private:
    static std::uint32_t word_at(const std::uint8_t *bytes, std::uint64_t bit) noexcept {
        return static_cast<std::uint32_t>(load_be64(bytes + bit / 8) << bit % 8 >> 32);
    }
    void more_room() {
        constexpr std::size_t stretch = 1 << 16;
        out_.extend(static_cast<std::size_t>(bits_.at() - start_));
        start_ = out_.room(stretch);
        bits_.move_to(start_);
        end_ = start_ + stretch;
    }

    Bytes &out_;
    BitWriter<stuffed> bits_;
    std::uint8_t *start_ = nullptr, *end_ = nullptr;
    std::array<const EncodeTable *, 4> dc_{}, ac_{};
    bool missing_ = false;
};

}  // namespace facecrypt::jpeg
