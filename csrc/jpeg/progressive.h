// Blocks of progressive scans: T.81 G.1.2 and G.2.
#pragma once

#include "coefficients.h"
#include "recipe.h"
#include "sequential.h"

namespace facecrypt::jpeg {

// libjpeg ends a run of blocks when more correction bits than this wait for it.
constexpr std::size_t most_waiting = 937;
constexpr std::uint32_t longest_run = 0x7FFF;

// The coefficients of a band.
inline std::uint64_t band_of(const Scan &scan) noexcept {
    return ~std::uint64_t{0} << scan.first & ~std::uint64_t{0} >> (63 - scan.last);
}

// Decodes the AC scans of one band, and finds out when the encoder ended runs.
class ProgressiveDecoder {
public:
    explicit ProgressiveDecoder(const Scan &scan) : scan_(scan), band_(band_of(scan)) {}

    void start_interval() noexcept { just_ended_ = false; }
    void end_interval() const {
        if (run_ != 0) throw Refused("a run of blocks goes on after the last one");
    }
    void first(BitReader &reader, const DecodeTable &table, std::int16_t *block,
               std::uint32_t number, Recipe &recipe);
    void refine(BitReader &reader, const DecodeTable &table, std::int16_t *block,
                std::uint32_t number, Recipe &recipe);
    int runs() const noexcept {
        return like_libjpeg_ ? Recipe::libjpeg : unlimited_ ? Recipe::unlimited : Recipe::listed;
    }

private:
    void start_run(BitReader &reader, int bits, bool at_start, std::uint32_t number,
                   Recipe &recipe);
    void end_block(std::size_t corrections) noexcept;

    const Scan &scan_;
    std::uint64_t band_;
    std::uint32_t run_ = 0, whole_run_ = 0;
    std::size_t waiting_ = 0;  // correction bits of the run
    bool just_ended_ = false, like_libjpeg_ = true, unlimited_ = true;
};

// Encodes the AC scans of one band.
template <class Sink> class ProgressiveEncoder {
public:
    ProgressiveEncoder(const Scan &scan, const Recipe &recipe, Sink &sink)
        : scan_(scan), recipe_(recipe), sink_(sink), band_(band_of(scan)) {}

    void first(const std::int16_t *block, std::uint32_t number, std::uint32_t zeros_before_end);
    void refine(const std::int16_t *block, std::uint32_t number);
    void end_run();

private:
    void break_run(std::uint32_t number);
    int magnitude(std::int16_t one) const noexcept { return (one < 0 ? -one : one) >> scan_.low; }

    const Scan &scan_;
    const Recipe &recipe_;
    Sink &sink_;
    std::uint64_t band_;
    std::uint32_t run_ = 0;
    std::size_t next_break_ = 0;
    struct Waiting {
        std::uint64_t bits;
        int n;
    };
    std::vector<Waiting> waiting_;
    std::size_t waiting_bits_ = 0;
};

}  // namespace facecrypt::jpeg
