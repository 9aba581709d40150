#include "progressive.h"
#include "sinks.h"

namespace facecrypt::jpeg {
namespace {

constexpr int max_coefficient = 32767;

// Reads a bit for each coefficient of `mask`: whether its magnitude grows by `plus`.
void correct(BitReader &reader, std::int16_t *block, std::uint64_t mask, int plus) noexcept {
    int there = 0;
    for (; mask; mask &= mask - 1) {
        if (there-- == 0) {
            reader.fill();
            there = 55;
        }
        std::int16_t &one = block[lowest(mask)];
        if (reader.peek(1) && !(one & plus))
            one = static_cast<std::int16_t>(one >= 0 ? one + plus : one - plus);
        reader.drop(1);
    }
}

// Bits k and above.
std::uint64_t from(int k) noexcept { return k > 63 ? 0 : ~std::uint64_t{0} << k; }

}  // namespace

void ProgressiveDecoder::start_run(BitReader &reader, int bits, bool at_start, std::uint32_t number,
                                   Recipe &recipe) {
    if (at_start && just_ended_ && whole_run_ != longest_run) {
        recipe.breaks.push_back(number);
        unlimited_ = false;
        if (waiting_ <= most_waiting) like_libjpeg_ = false;
    }
    run_ = whole_run_ = 1u << bits | reader.take(bits);
    waiting_ = 0;
}

void ProgressiveDecoder::end_block(std::size_t corrections) noexcept {
    waiting_ += corrections;
    just_ended_ = --run_ == 0;
    if (run_ != 0 && waiting_ > most_waiting) like_libjpeg_ = false;
}

void ProgressiveDecoder::first(BitReader &reader, const DecodeTable &table, std::int16_t *block,
                               std::uint32_t number, Recipe &recipe) {
    if (run_ != 0) return end_block(0);
    int after = scan_.first;
    for (int k = after; k <= scan_.last;) {
        const int symbol = reader.symbol(table), run = symbol >> 4, size = symbol & 15;
        if (size == 0 && run != 15) {
            const int zeros = (k - after) / 16;
            if (zeros != 0) recipe.zeros_before_end.push_back({number, std::uint32_t(zeros)});
            start_run(reader, run, k == scan_.first, number, recipe);
            return end_block(0);
        }
        just_ended_ = false;
        k += size == 0 ? 16 : run;
        if (k > scan_.last) throw Refused("a block with coefficients outside its band");
        if (size == 0) continue;
        const int value = extend(reader.take(size), size) * (1 << scan_.low);
        if (value < -max_coefficient || value > max_coefficient)
            throw Refused("a coefficient is out of range");
        block[k++] = static_cast<std::int16_t>(value);
        after = k;
    }
}

void ProgressiveDecoder::refine(BitReader &reader, const DecodeTable &table, std::int16_t *block,
                                std::uint32_t number, Recipe &recipe) {
    const int plus = 1 << scan_.low;
    const std::uint64_t old = nonzero(block) & band_;
    int k = scan_.first;
    while (run_ == 0 && k <= scan_.last) {
        const int symbol = reader.symbol(table), run = symbol >> 4, size = symbol & 15;
        if (size == 0 && run != 15) {
            start_run(reader, run, k == scan_.first, number, recipe);
            break;
        }
        if (size > 1) throw Refused("a refinement of more than one bit");
        just_ended_ = false;
        const bool positive = size != 0 && reader.take(1) != 0;
        std::uint64_t zeros = ~old & band_ & from(k);
        for (int i = 0; i < run && zeros; ++i) zeros &= zeros - 1;
        if (size != 0 && zeros == 0) throw Refused("a block with coefficients outside its band");
        const int at = zeros ? lowest(zeros) : 64;
        correct(reader, block, old & from(k) & ~from(at), plus);
        if (size != 0) block[at] = static_cast<std::int16_t>(positive ? plus : -plus);
        k = at + 1;
    }
    if (run_ == 0) return;
    const std::uint64_t rest = old & from(k);
    correct(reader, block, rest, plus);
    end_block(static_cast<std::size_t>(__builtin_popcountll(rest)));
}

// n <= 64 bits, the lowest of `bits`.
template <class Open> void put_bits(Open &out, std::uint64_t bits, int n) noexcept {
    if (n > 32) {
        out.raw(static_cast<std::uint32_t>(bits >> 32 & ((std::uint64_t{1} << (n - 32)) - 1)),
                n - 32);
        n = 32;
    }
    out.raw(static_cast<std::uint32_t>(bits & ((std::uint64_t{1} << n) - 1)), n);
}

template <class Sink> void ProgressiveEncoder<Sink>::end_run() {
    if (run_ == 0) return;
    const int bits = magnitude_bits(run_) - 1;
    auto out = sink_.open(0);
    out.ac(bits << 4, run_ & ((1u << bits) - 1), bits);
    sink_.close(out);
    run_ = 0;
    for (const Waiting &one : waiting_) {
        sink_.ready();
        auto more = sink_.open(0);
        put_bits(more, one.bits, one.n);
        sink_.close(more);
    }
    waiting_.clear();
    waiting_bits_ = 0;
    sink_.ready();
}

template <class Sink> void ProgressiveEncoder<Sink>::break_run(std::uint32_t number) {
    if (recipe_.runs != Recipe::listed || next_break_ == recipe_.breaks.size() ||
        recipe_.breaks[next_break_] != number)
        return;
    ++next_break_;
    end_run();
}

template <class Sink>
void ProgressiveEncoder<Sink>::first(const std::int16_t *block, std::uint32_t number,
                                     std::uint32_t zeros_before_end) {
    break_run(number);
    std::uint64_t mask = 0;
    for (std::uint64_t left = nonzero(block) & band_; left; left &= left - 1)
        if (magnitude(block[lowest(left)]) != 0) mask |= left & -left;
    if (mask != 0 || zeros_before_end != 0) end_run();
    int before = scan_.first - 1;
    auto out = sink_.open(0);
    for (; mask; mask &= mask - 1) {
        const int at = lowest(mask);
        int run = at - before - 1;
        before = at;
        for (; run > 15; run -= 16) out.ac(0xF0, 0, 0);
        const int value = magnitude(block[at]);
        const Sized one(block[at] < 0 ? -value : value);
        out.ac(run << 4 | one.size, one.bits, one.size);
    }
    if (before != scan_.last)
        for (; zeros_before_end != 0; --zeros_before_end) out.ac(0xF0, 0, 0);
    sink_.close(out);
    if (before != scan_.last && ++run_ == longest_run) end_run();
}

template <class Sink>
void ProgressiveEncoder<Sink>::refine(const std::int16_t *block, std::uint32_t number) {
    break_run(number);
    std::uint64_t coded = 0, fresh = 0;
    for (std::uint64_t mask = nonzero(block) & band_; mask; mask &= mask - 1) {
        const int now = magnitude(block[lowest(mask)]);
        const std::uint64_t bit = mask & -mask;
        coded |= now != 0 ? bit : 0;
        fresh |= now == 1 ? bit : 0;
    }
    if (fresh != 0) end_run();
    int zeros = 0, before = scan_.first - 1, n = 0;
    std::uint64_t corrections = 0;
    auto out = sink_.open(0);
    const auto put = [&](int symbol, int sign) {
        out.ac(symbol, static_cast<std::uint32_t>(sign), symbol & 1);
        put_bits(out, corrections, n);
        corrections = 0;
        n = 0;
    };
    for (; coded; coded &= coded - 1) {
        const int at = lowest(coded);
        zeros += at - before - 1;
        before = at;
        for (; zeros > 15 && (fresh & from(at)); zeros -= 16) put(0xF0, 0);
        if (fresh >> at & 1) {
            put(zeros << 4 | 1, block[at] < 0 ? 0 : 1);
            zeros = 0;
        } else {
            corrections = corrections << 1 | static_cast<unsigned>(magnitude(block[at]) & 1);
            ++n;
        }
    }
    sink_.close(out);
    if (zeros + scan_.last - before == 0 && n == 0) return;
    ++run_;
    if (n != 0) waiting_.push_back({corrections, n});
    waiting_bits_ += static_cast<std::size_t>(n);
    if (run_ == longest_run || (recipe_.runs == Recipe::libjpeg && waiting_bits_ > most_waiting))
        end_run();
}

template class ProgressiveEncoder<Counter>;
template class ProgressiveEncoder<Writer<true>>;

}  // namespace facecrypt::jpeg
