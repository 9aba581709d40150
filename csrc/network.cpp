// Preparing networks.
#include "network.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace facecrypt {

bool Network::build(const Blocks &blocks, std::size_t count) noexcept {
    // Preparing a row of perm costs as much as some ten blocks one by one.
    if (blocks.down * blocks.across * count < 10 * blocks.keys) return true;
#if defined(__GNUC__) && defined(__x86_64__)
    if (isa() == Isa::baseline) return true;
    key = &blocks;
    const bool wide = isa() == Isa::avx512 && __builtin_cpu_supports("avx512vbmi");
    word = wide ? 64 : 16;
    // First as a small block; a large one packs its rows, or gives each some words of its own.
    pitch = blocks.columns <= 16 || !wide ? 16 : blocks.columns <= 32 ? 32 : 64;
    if (!wide && blocks.rows == 4 && blocks.columns == 12) pitch = 12;
    words = (blocks.rows * pitch + word - 1) / word;
    dense = words <= small_words && blocks.columns <= pitch && (wide || words != 3 || pitch == 12);
    span = dense && wide ? 128 : word;
    if (!dense) {
        pitch = wide ? (blocks.columns + 63) / 64 * 64 : blocks.columns;
        words = (blocks.rows * pitch + word - 1) / word;
    }
    try {
        prepare();
    } catch (const std::bad_alloc &) {
        return false;
    }
    run = wide ? run_avx512(*this) : run_avx2(*this);
#endif
    return true;
}

// Where an entry of a block's vector lies among the words: high nibbles begin a new one.
std::size_t Network::place(std::size_t entry) const noexcept {
    const std::size_t size = key->rows * key->columns, sample = entry % size;
    return entry / size * words * word + sample / key->columns * pitch + sample % key->columns;
}

void Network::prepare() {
    const std::size_t size = key->rows * key->columns, entries = key->nibbles ? 2 * size : size;
    for (std::size_t b = 0; b < key->down * key->across; ++b)
        start.push_back(b / key->across * key->across * size + b % key->across * key->columns);
    masks.assign((key->keys * words * word + 63) / 64, Line{});
    begin.push_back(0);
    std::vector<std::uint32_t> term_of((total() * word + span - 1) / span);
    for (std::size_t row = 0, entry = 0; row < key->keys; ++row)
        for (std::size_t out = 0, end = (row + 1) * entries; out < total(); ++out) {
            std::fill(term_of.begin(), term_of.end(), UINT32_MAX);
            for (std::size_t source = 0; dense && source < term_of.size(); ++source) {
                term_of[source] = static_cast<std::uint32_t>(from.size());
                add_term(source);
            }
            for (; entry < end && place(entry % entries) / word == out; ++entry)
                add_entry(entry, term_of);
            begin.push_back(static_cast<std::uint32_t>(from.size()));
        }
}

void Network::add_term(std::size_t source) {
    from.push_back(static_cast<std::uint32_t>(source));
    live.push_back(0);
    Line dead;
    std::memset(dead.at, 0x80, sizeof dead.at);  // pshufb writes 0 for these
    if (terms.size() * 64 < from.size() * word) terms.push_back(dead);
}

// `entry` counts through all rows of perm.
void Network::add_entry(std::size_t entry, std::vector<std::uint32_t> &term_of) {
    const std::size_t size = key->rows * key->columns, entries = key->nibbles ? 2 * size : size;
    const std::size_t source = place(static_cast<std::size_t>(key->perm[entry]));
    const std::size_t target = place(entry % entries), slot = target % word;
    std::uint32_t &term = term_of[source / span];
    if (term == UINT32_MAX) {
        term = static_cast<std::uint32_t>(from.size());
        add_term(source / span);
    }
    terms[0].at[term * word + slot] = static_cast<std::uint8_t>(source % span);
    live[term] |= std::uint64_t{1} << slot;
    // Both nibbles of a sample have one byte of mask.
    const std::size_t out = target / word, row = entry / entries;
    masks[0].at[(row * words + out % words) * word + slot] |=
        static_cast<std::uint8_t>(key->mask[entry] << (out < words ? 0 : 4));
}

}  // namespace facecrypt
