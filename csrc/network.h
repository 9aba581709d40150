// Blocks through vector shuffles: prepared once for a key, run on rows of blocks.
//
// A block is a few words, of 16 or 64 bytes. An output word is the XOR of a mask and of terms: some
// source words, shuffled by one instruction that leaves zeros where another term provides. Small
// blocks have all their terms, in order, and stay in registers. For large ones only the terms that
// provide are listed: few, where a block is turned or mirrored.
#pragma once

#include "kernels.h"

#include <vector>

namespace facecrypt {

struct alignas(64) Line {
    std::uint8_t at[64];
};

class Network;

// Transforms one row of blocks, those from `first` on, of a picture; nothing is read from `end` on.
using Run = void (*)(const Network &network, std::size_t first, const std::uint8_t *picture,
                     const std::uint8_t *end, std::uint8_t *row) noexcept;

constexpr std::size_t small_words = 4;  // of blocks that stay in registers

class Network {
public:
    // Null where block by block is better: no such instruction, or too few blocks to be worth the
    // preparation.
    Run run = nullptr;

    // False where memory ran out.
    bool build(const Blocks &blocks, std::size_t count) noexcept;

    const Blocks *key = nullptr;
    std::size_t word = 0;              // bytes of one
    std::size_t span = 0;              // source bytes of a term: one word, or two
    std::size_t pitch = 0;             // from row to row of a block among its words
    std::size_t words = 0;             // of a block's samples; nibbles have as many again
    bool dense = false;                // a small block, with all its terms
    std::vector<std::size_t> start;    // of each block, in the picture
    std::vector<std::uint32_t> begin;  // of large blocks: terms of each output word, row by row
    std::vector<std::uint32_t> from;   // of large blocks: source of each term
    std::vector<std::uint64_t> live;   // bytes that each term provides
    std::vector<Line> terms, masks;    // `word` bytes each, packed; masks are those of samples

    std::size_t total() const noexcept { return key->nibbles ? 2 * words : words; }

private:
    std::size_t place(std::size_t entry) const noexcept;
    void prepare();
    void add_term(std::size_t source);
    void add_entry(std::size_t entry, std::vector<std::uint32_t> &term_of);
};

Run run_avx2(const Network &network) noexcept;
Run run_avx512(const Network &network) noexcept;  // needs VBMI

}  // namespace facecrypt
