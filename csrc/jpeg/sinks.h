// What encoders write to: symbols that are counted, or bits.
#pragma once

#include "bits.h"
#include "layout.h"

namespace facecrypt::jpeg {

// How often each table of a scan uses each symbol.
class Counter {
public:
    explicit Counter(const Scan &scan) : scan_(scan) {}

    void ready() noexcept {}
    void dc(std::size_t k, int symbol, std::uint32_t, int) noexcept {
        ++dc_counts[static_cast<std::size_t>(scan_.dc[k])][static_cast<std::size_t>(symbol)];
    }
    void ac(std::size_t k, int symbol, std::uint32_t, int) noexcept {
        ++ac_counts[static_cast<std::size_t>(scan_.ac[k])][static_cast<std::size_t>(symbol)];
    }
    void raw(std::uint32_t, int) noexcept {}
    void end_interval(std::uint32_t) noexcept {}
    void restart(unsigned) noexcept {}
    void finish() noexcept {}

    std::array<Counts, 4> dc_counts{}, ac_counts{};

private:
    const Scan &scan_;
};

// Bits, with one table of each kind for each component of the scan.
template <bool stuffed> class Writer {
public:
    explicit Writer(Bytes &out) : bits_(out) {}

    void use(std::size_t k, const EncodeTable *dc, const EncodeTable *ac) noexcept {
        dc_[k] = dc;
        ac_[k] = ac;
    }
    void ready() {
        if (missing_) throw MissingSymbol();
        bits_.ready();
    }
    void dc(std::size_t k, int symbol, std::uint32_t extra, int n) noexcept {
        put(*dc_[k], symbol, extra, n);
    }
    void ac(std::size_t k, int symbol, std::uint32_t extra, int n) noexcept {
        put(*ac_[k], symbol, extra, n);
    }
    void raw(std::uint32_t bits, int n) noexcept { bits_.put(bits, n); }
    void end_interval(std::uint32_t padding) noexcept { bits_.pad(padding); }
    void restart(unsigned number) noexcept {
        bits_.marker(static_cast<std::uint8_t>(0xD0 + number % 8));
    }
    void finish() {
        if (missing_) throw MissingSymbol();
        bits_.finish();
    }

private:
    void put(const EncodeTable &table, int symbol, std::uint32_t extra, int n) noexcept {
        const auto at = static_cast<std::size_t>(symbol);
        const int length = table.length[at];
        missing_ |= length == 0;
        bits_.put(std::uint32_t{table.code[at]} << n | extra, length + n);
    }

    BitWriter<stuffed> bits_;
    std::array<const EncodeTable *, 4> dc_{}, ac_{};
    bool missing_ = false;
};

}  // namespace facecrypt::jpeg
