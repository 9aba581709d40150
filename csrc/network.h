// Blocks through vector shuffles: prepared once for a key, run on rows of blocks.
//
// A block is a few words, of 16 or 64 bytes. An output word is the XOR of a mask and of terms: some
// source words, shuffled by one instruction that leaves zeros where another term provides. Small
// blocks have all their terms, in order, and stay in registers. For large ones only the terms that
// provide are listed: few, where a block is turned or mirrored. All output words of a row of perm
// have equally many, for a loop whose length changes all the time is never predicted.
#pragma once

#include "copy.h"
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

    // A row of perm that only turns, mirrors, and moves whole rows and columns: row y of the block,
    // or of the block transposed, has its bytes shuffled by `column` and becomes row target[y].
    struct Turn {
        bool transposed;
        std::uint8_t target[16];
        Line column;
    };

    // A prepared row of perm: terms [first + out*each, first + (out + 1)*each) make word `out`.
    struct Row {
        std::size_t first, each;
    };

    const Blocks *key = nullptr;
    std::size_t word = 0;              // bytes of one
    std::size_t span = 0;              // source bytes of a term: one word, or two
    std::size_t pitch = 0;             // from row to row of a block among its words
    std::size_t words = 0;             // of a block's samples; nibbles have as many again
    bool dense = false;                // a small block, with all its terms
    std::vector<std::size_t> start;    // of each block's source, in the picture
    std::vector<std::uint32_t> which;  // the prepared row of each block
    std::vector<Row> rows;
    std::vector<Turn> turns;          // instead of rows, where all are such: see turn()
    std::vector<Line> weave;          // shuffles that transpose 16 x 16 pixels, two for each step
    std::vector<std::uint32_t> from;  // source span of each term
    std::vector<std::uint64_t> live;  // bytes that each term provides
    std::vector<Line> terms, masks;   // `word` bytes each, packed; masks are those of samples

    std::size_t total() const noexcept { return key->nibbles ? 2 * words : words; }

    // Of the next picture, the bytes in place of a block: for large blocks, which are read in any
    // order. A row of them at once would keep the loads of this one waiting.
    void prefetch(const std::uint8_t *picture, std::size_t block) const noexcept {
        const std::size_t size = key->rows * key->columns;
        facecrypt::prefetch(picture + (key->down * key->across + block) * size, size);
    }

private:
    std::vector<std::uint32_t> place;  // of each entry of a block's vector, among the words
    std::vector<std::uint32_t> term;   // of each entry, among those of its output word

    void prepare(const std::vector<std::int32_t> &used);
    bool turn(const std::vector<std::int32_t> &used);
    bool add_turn(const std::int32_t *perm, std::size_t transposed);
    std::size_t pixel() const noexcept;
    void add_mask(std::size_t row, const std::uint8_t *mask);
    void add_row(const std::int32_t *perm);
    std::size_t number_terms(const std::int32_t *perm);
};

Run run_avx2(const Network &network) noexcept;
Run run_avx512(const Network &network) noexcept;  // needs VBMI

}  // namespace facecrypt
