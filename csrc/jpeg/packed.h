// Blocks as tokens have them, in rows of cells.
#pragma once

#include "coefficients.h"

namespace facecrypt::jpeg {

// A mask of the coefficients that are not zero, bit 0 always set, and those: all little-endian.
// That many bytes at most, and some that writers may spoil.
constexpr std::size_t packed_block = 8 + 2 * block_size, packed_spare = 8;

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
inline std::uint64_t little_endian(std::uint64_t number) noexcept {
    return __builtin_bswap64(number);
}
inline std::uint16_t little_endian(std::uint16_t number) noexcept {
    return __builtin_bswap16(number);
}
#else
inline std::uint64_t little_endian(std::uint64_t number) noexcept { return number; }
inline std::uint16_t little_endian(std::uint16_t number) noexcept { return number; }
#endif

inline std::uint64_t load_mask(const std::uint8_t *at) noexcept {
    std::uint64_t mask;
    std::memcpy(&mask, at, sizeof mask);
    return little_endian(mask);
}
inline void store_mask(std::uint8_t *at, std::uint64_t mask) noexcept {
    mask = little_endian(mask);
    std::memcpy(at, &mask, sizeof mask);
}
inline int load_number(const std::uint8_t *at) noexcept {
    std::uint16_t number;
    std::memcpy(&number, at, sizeof number);
    return static_cast<std::int16_t>(little_endian(number));
}
inline void store_number(std::uint8_t *at, int number) noexcept {
    const std::uint16_t stored = little_endian(static_cast<std::uint16_t>(number));
    std::memcpy(at, &stored, sizeof stored);
}

inline const std::uint8_t *after_block(const std::uint8_t *at) noexcept {
    return at + 8 + 2 * __builtin_popcountll(load_mask(at));
}
inline int dc_of(const std::uint8_t *at) noexcept { return load_number(at + 8); }

// Returns the end of what is written.
std::uint8_t *pack_block(const std::int16_t *block, std::uint8_t *to) noexcept;
// A block of that DC coefficient and no other.
std::uint8_t *pack_flat(int dc, std::uint8_t *to) noexcept;
void unpack_block(const std::uint8_t *from, std::int16_t *block) noexcept;

// Cells of one row, of each some blocks in each stream: one for each row of blocks of a component.
class PackedRow {
public:
    struct Stream {
        std::size_t component;
        std::uint32_t j;          // which of the component's rows of blocks
        std::uint32_t h;          // blocks that a cell has in it
        std::uint8_t *from, *to;  // to: where the next block goes
        std::uint32_t *starts;    // of each cell
    };

    // Room for each block of `cells`.
    PackedRow(const Frame &frame, std::uint32_t cells);

    // What this holds and no more, to be read.
    PackedRow compact() const;

    void clear() noexcept {
        for (Stream &stream : streams) stream.to = stream.from;
    }
    // Cells may come in any order where they are not to be read as a run.
    void begin_cell(std::uint32_t x) noexcept {
        for (Stream &stream : streams)
            stream.starts[x] = static_cast<std::uint32_t>(stream.to - stream.from);
    }
    const std::uint8_t *cell(std::size_t stream, std::uint32_t x) const noexcept {
        return streams[stream].from + streams[stream].starts[x];
    }
    // Where the blocks of a cell end in a stream, if all cells have come in order.
    const std::uint8_t *cell_end(std::size_t stream, std::uint32_t x) const noexcept {
        return x + 1 == cells_ ? streams[stream].to : cell(stream, x + 1);
    }

    std::vector<Stream> streams;  // by component, then from above

private:
    explicit PackedRow(std::uint32_t cells) : cells_(cells) {}

    std::uint32_t cells_;
    std::unique_ptr<std::uint8_t[]> bytes_;
    std::vector<std::uint32_t> starts_;
};

// A block of a cell, in the order that a scan codes them.
struct CellBlock {
    std::size_t k, stream;  // k: the component of the scan
    bool first;             // of the cell in the stream
};
std::vector<CellBlock> blocks_of_cell(const Frame &frame,
                                      const std::vector<std::size_t> &components);

// A row of cells of `planes`.
void pack_row(const Frame &frame, const Planes &row, PackedRow &to) noexcept;
// One cell.
void unpack_cell(const PackedRow &from, std::uint32_t x, const Planes &row) noexcept;

}  // namespace facecrypt::jpeg
