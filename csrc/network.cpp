// Preparing networks.
#include "network.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace facecrypt {

bool Network::build(const Blocks &blocks, std::size_t count) noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
    if (isa() == Isa::baseline) return true;
    key = &blocks;
    const bool wide = isa() == Isa::avx512 && __builtin_cpu_supports("avx512vbmi");
    word = wide ? 64 : 16;
    span = wide ? 128 : 16;
    // First as a small block; a large one packs its rows, or gives each some words of its own.
    pitch = blocks.columns <= 16 || !wide ? 16 : blocks.columns <= 32 ? 32 : 64;
    if (!wide && blocks.rows == 4 && blocks.columns == 12) pitch = 12;
    words = (blocks.rows * pitch + word - 1) / word;
    dense = words <= small_words && blocks.columns <= pitch && (wide || words != 3 || pitch == 12);
    if (!dense) {
        pitch = wide ? (blocks.columns + 63) / 64 * 64 : blocks.columns;
        words = (blocks.rows * pitch + word - 1) / word;
    }
    try {
        const std::size_t each = blocks.down * blocks.across;
        std::vector<std::int32_t> used{0};
        if (blocks.which) used.assign(blocks.which, blocks.which + each);
        std::sort(used.begin(), used.end());
        used.erase(std::unique(used.begin(), used.end()), used.end());
        // Preparing a row of perm costs as much as some ten blocks one by one.
        if (each * count < 10 * used.size()) return true;
        prepare(used);
    } catch (const std::bad_alloc &) {
        return false;
    }
    run = wide ? run_avx512(*this) : run_avx2(*this);
#endif
    return true;
}

void Network::prepare(const std::vector<std::int32_t> &used) {
    const std::size_t size = key->rows * key->columns, entries = key->nibbles ? 2 * size : size;
    for (std::size_t b = 0; b < key->down * key->across; ++b) {
        const std::size_t from = key->source_of(b);
        start.push_back(from / key->across * key->across * size +
                        from % key->across * key->columns);
        const auto row = std::lower_bound(used.begin(), used.end(),
                                          static_cast<std::int32_t>(key->row_of(b)));
        which.push_back(static_cast<std::uint32_t>(row - used.begin()));
    }
    for (std::size_t entry = 0; entry < entries; ++entry) {  // high nibbles begin a new word
        const std::size_t sample = entry % size;
        place.push_back(static_cast<std::uint32_t>(
            entry / size * words * word + sample / key->columns * pitch + sample % key->columns));
    }
    term.resize(entries);
    masks.assign((used.size() * words * word + 63) / 64, Line{});
    const bool turned = turn(used);
    for (std::size_t row = 0; row < used.size(); ++row) {
        const std::size_t first = static_cast<std::size_t>(used[row]) * entries;
        add_mask(row, key->mask + first);
        if (!turned) add_row(key->perm + first);
    }
}

// Of a prepared row. Both nibbles of a sample have one byte.
void Network::add_mask(std::size_t row, const std::uint8_t *mask) {
    for (std::size_t entry = 0; entry < place.size(); ++entry) {
        const std::size_t half = words * word, at = place[entry];
        masks[0].at[row * half + at % half] |= static_cast<std::uint8_t>(mask[entry]
                                                                         << (at < half ? 0 : 4));
    }
}

// Tries to do without terms; false, and nothing changed, where a row of perm needs them.
bool Network::turn(const std::vector<std::int32_t> &used) {
    const std::size_t size = key->rows * key->columns;
    if (dense || word != 64 || key->nibbles || key->rows > 16 || key->columns > 64) return false;
    for (const std::int32_t row : used) {
        const std::int32_t *perm = key->perm + static_cast<std::size_t>(row) * size;
        if (add_turn(perm, 0) || add_turn(perm, pixel())) continue;
        turns.clear();
        return false;
    }
    // Of two rows `step` apart, the first keeps the pixels whose number lacks that bit, and the
    // second those that have it; the others change sides.
    for (std::size_t step = 1; step < 16; step *= 2) {
        Line first{}, second{};
        for (std::size_t i = 0, move = step * pixel(); i < 16 * pixel(); ++i) {
            const bool has = i / pixel() & step;
            first.at[i] = static_cast<std::uint8_t>(has ? 64 + i - move : i);
            second.at[i] = static_cast<std::uint8_t>(has ? 64 + i : i + move);
        }
        weave.push_back(first);
        weave.push_back(second);
    }
    return true;
}

// Bytes of one, where 16 x 16 pixels can be transposed, else 0.
std::size_t Network::pixel() const noexcept {
    const std::size_t bytes = key->columns / key->rows;
    return key->columns % key->rows == 0 && bytes <= 4 ? bytes : 0;
}

// Adds one of the block as it is, or transposed by pixels of so many bytes, if perm is such.
bool Network::add_turn(const std::int32_t *perm, std::size_t transposed) {
    const std::size_t columns = key->columns;
    Turn turn{transposed != 0, {}, {}};
    std::array<bool, 16> taken{};
    for (std::size_t y = 0; y < key->rows; ++y) {
        std::size_t row = 0;
        for (std::size_t x = 0; x < columns; ++x) {
            const std::size_t source = static_cast<std::size_t>(*perm++);
            std::size_t from = source / columns, byte = source % columns;
            if (transposed) {
                const std::size_t along = byte / transposed;
                byte = from * transposed + byte % transposed;
                from = along;
            }
            if (x == 0) row = from;
            if (y == 0) turn.column.at[x] = static_cast<std::uint8_t>(byte);
            if (from != row || byte != turn.column.at[x]) return false;
        }
        if (taken[row]) return false;
        taken[row] = true;
        turn.target[row] = static_cast<std::uint8_t>(y);
    }
    turns.push_back(turn);
    return true;
}

// Numbers the terms of each output word; how many the word with most has.
std::size_t Network::number_terms(const std::int32_t *perm) {
    const std::size_t spans = (total() * word + span - 1) / span;
    std::vector<std::uint32_t> number(spans);
    std::size_t most = 0, out = total();
    std::uint32_t count = 0;
    for (std::size_t entry = 0; entry < place.size(); ++entry) {
        const std::size_t source = place[static_cast<std::size_t>(perm[entry])] / span;
        if (place[entry] / word != out) {
            out = place[entry] / word;
            count = 0;
            std::fill(number.begin(), number.end(), UINT32_MAX);
        }
        if (number[source] == UINT32_MAX) number[source] = count++;
        term[entry] = dense ? static_cast<std::uint32_t>(source) : number[source];
        most = std::max<std::size_t>(most, count);
    }
    return dense ? spans : most;
}

void Network::add_row(const std::int32_t *perm) {
    const std::size_t each = number_terms(perm), first = from.size();
    rows.push_back({first, each});
    from.resize(first + total() * each);
    live.resize(from.size());
    Line dead;
    std::memset(dead.at, 0x80, sizeof dead.at);  // pshufb writes 0 for these
    terms.resize((from.size() * word + 63) / 64, dead);
    for (std::size_t entry = 0; entry < place.size(); ++entry) {
        const std::size_t source = place[static_cast<std::size_t>(perm[entry])];
        const std::size_t out = place[entry] / word, slot = place[entry] % word;
        const std::size_t at = first + out * each + term[entry];
        from[at] = static_cast<std::uint32_t>(source / span);
        live[at] |= std::uint64_t{1} << slot;
        terms[0].at[at * word + slot] = static_cast<std::uint8_t>(source % span);
    }
}

}  // namespace facecrypt
