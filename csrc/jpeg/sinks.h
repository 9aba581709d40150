// What encoders write to: symbols that are counted, or bits.
#pragma once

#include "bits.h"
#include "layout.h"

namespace facecrypt::jpeg {

// How often each table of a scan uses each symbol.
class Counter {
public:
    explicit Counter(const Scan &scan) : scan_(scan) {}

    // For blocks of component k of the scan; to be closed after them.
    struct Open {
        Counter *to;
        Counts *dc_counts, *ac_counts;

        void use(std::size_t k) noexcept {
            dc_counts = &to->dc_counts[static_cast<std::size_t>(to->scan_.dc[k])];
            ac_counts = &to->ac_counts[static_cast<std::size_t>(to->scan_.ac[k])];
        }
        void ready() noexcept {}
        void dc(int symbol, std::uint32_t, int) noexcept {
            ++(*dc_counts)[static_cast<std::size_t>(symbol)];
        }
        void ac(int symbol, std::uint32_t, int) noexcept {
            ++(*ac_counts)[static_cast<std::size_t>(symbol)];
        }
        void coefficient(int run, int number) noexcept {
            ++(*ac_counts)[static_cast<std::size_t>(run << 4 | Sized(number).size)];
        }
        void raw(std::uint32_t, int) noexcept {}
        void store() noexcept {}
    };
    Open open(std::size_t k) noexcept {
        Open opened{this, nullptr, nullptr};
        opened.use(k);
        return opened;
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
// `stuffed`: as in scans.
template <bool stuffed> class Writer {
public:
    explicit Writer(Bytes &out) : out_(out) { bits_.move_to(waiting_.data()); }
    Writer(const Writer &) = delete;
    Writer &operator=(const Writer &) = delete;

    void use(std::size_t k, const EncodeTable *dc, const EncodeTable *ac) noexcept {
        dc_[k] = dc;
        ac_[k] = ac;
    }

    // For blocks of component k of the scan; to be closed after them.
    struct Open {
        Writer *to;
        BitWriter bits;
        const EncodeTable *dc_table, *ac_table;
        bool missing = false;

        void use(std::size_t k) noexcept {
            dc_table = to->dc_[k];
            ac_table = to->ac_[k];
        }
        // Before each block.
        void ready() {
            if (bits.at() <= to->waiting_.data() + enough) return;
            to->close(*this);
            to->pass_on();
            bits = to->bits_;
        }
        // A DC difference and one coefficient, or two, may wait until they are stored; what else
        // there is stores them.
        void dc(int symbol, std::uint32_t extra, int n) noexcept {
            add(*dc_table, symbol, extra, n);
        }
        // run <= 15
        void coefficient(int run, int number) noexcept {
            if (!EncodeTable::is_small(number)) {
                store();
                const Sized one(number);
                return ac(run << 4 | one.size, one.bits, one.size);
            }
            const EncodeTable::Code code = ac_table->small[EncodeTable::place(run, number)];
            missing |= code.length == 0;
            bits.add(code.bits, code.length);
        }
        void ac(int symbol, std::uint32_t extra, int n) noexcept {
            add(*ac_table, symbol, extra, n);
            store();
        }
        void raw(std::uint32_t some, int n) noexcept { bits.put(some, n); }
        void store() noexcept { bits.store(); }

        void add(const EncodeTable &table, int symbol, std::uint32_t extra, int n) noexcept {
            const EncodeTable::Code code = table.codes[static_cast<std::size_t>(symbol)];
            missing |= code.length == 0;
            bits.add(code.bits << n | extra, static_cast<int>(code.length) + n);
        }
    };
    Open open(std::size_t k) noexcept { return {this, bits_, dc_[k], ac_[k]}; }
    void close(Open &block) noexcept {
        block.store();
        bits_ = block.bits;
        missing_ |= block.missing;
    }

    // Before each block.
    void ready() {
        if (bits_.at() > waiting_.data() + enough) pass_on();
    }
    void end_interval(std::uint32_t padding) noexcept { bits_.pad(padding); }
    // After an interval.
    void restart(unsigned number) {
        pass_on();
        out_.put(0xFF);
        out_.put(static_cast<std::uint8_t>(0xD0 + number % 8));
    }
    void finish() { pass_on(); }

private:
    void pass_on() {
        if (missing_) throw MissingSymbol();
        if (stuffed)
            put_stuffed(out_, waiting_.data(), bits_.at());
        else
            out_.put(View{waiting_.data(), static_cast<std::size_t>(bits_.at() - waiting_.data())});
        bits_.move_to(waiting_.data());
    }

    // A block has less than 300 bytes.
    static constexpr std::size_t enough = 4096;

    Bytes &out_;
    std::array<std::uint8_t, enough + 512> waiting_;
    BitWriter bits_;
    std::array<const EncodeTable *, 4> dc_{}, ac_{};
    bool missing_ = false;
};

}  // namespace facecrypt::jpeg
