#include "packed.h"

namespace facecrypt::jpeg {

std::uint8_t *pack_block(const std::int16_t *block, std::uint8_t *to) noexcept {
    std::uint64_t mask = nonzero(block) | 1;
    store_mask(to, mask);
    for (to += 8; mask; mask &= mask - 1, to += 2) store_number(to, block[lowest(mask)]);
    return to;
}

std::uint8_t *pack_flat(int dc, std::uint8_t *to) noexcept {
    store_mask(to, 1);
    store_number(to + 8, dc);
    return to + 10;
}

void unpack_block(const std::uint8_t *from, std::int16_t *block) noexcept {
    std::memset(block, 0, sizeof(std::int16_t[block_size]));
    std::uint64_t mask = load_mask(from);
    for (from += 8; mask; mask &= mask - 1, from += 2)
        block[lowest(mask)] = static_cast<std::int16_t>(load_number(from));
}

PackedRow::PackedRow(const Frame &frame, std::uint32_t cells) : cells_(cells) {
    std::size_t size = 0;
    for (std::size_t c = 0; c < frame.components.size(); ++c) {
        const auto h = static_cast<std::uint32_t>(frame.components[c].h);
        for (std::uint32_t j = 0; j < static_cast<std::uint32_t>(frame.components[c].v); ++j) {
            streams.push_back({c, j, h, nullptr, nullptr, nullptr});
            size += std::size_t{cells} * h * packed_block + packed_spare;
        }
    }
    bytes_.reset(new std::uint8_t[size]);
    starts_.resize(streams.size() * cells);
    std::uint8_t *at = bytes_.get();
    std::uint32_t *starts = starts_.data();
    for (Stream &stream : streams) {
        stream.from = stream.to = at;
        stream.starts = starts;
        at += std::size_t{cells} * stream.h * packed_block + packed_spare;
        starts += cells;
    }
}

PackedRow PackedRow::compact() const {
    PackedRow copy(cells_);
    copy.starts_ = starts_;
    copy.streams = streams;
    std::size_t size = 0;
    for (const Stream &stream : streams) size += static_cast<std::size_t>(stream.to - stream.from);
    copy.bytes_.reset(new std::uint8_t[size]);
    std::uint8_t *at = copy.bytes_.get();
    std::uint32_t *starts = copy.starts_.data();
    for (Stream &stream : copy.streams) {
        const auto used = static_cast<std::size_t>(stream.to - stream.from);
        std::memcpy(at, stream.from, used);
        stream.from = at;
        stream.to = at += used;
        stream.starts = starts;
        starts += cells_;
    }
    return copy;
}

std::vector<CellBlock> blocks_of_cell(const Frame &frame,
                                      const std::vector<std::size_t> &components) {
    std::vector<CellBlock> blocks;
    for (std::size_t k = 0; k < components.size(); ++k) {
        std::size_t stream = 0;
        for (std::size_t c = 0; c < components[k]; ++c)
            stream += static_cast<std::size_t>(frame.components[c].v);
        const Component &one = frame.components[components[k]];
        for (int j = 0; j < one.v; ++j, ++stream)
            for (int i = 0; i < one.h; ++i) blocks.push_back({k, stream, i == 0});
    }
    return blocks;
}

void pack_row(const Frame &frame, const Planes &row, PackedRow &to) noexcept {
    to.clear();
    for (std::uint32_t x = 0; x < frame.across; ++x) {
        to.begin_cell(x);
        for (PackedRow::Stream &stream : to.streams)
            for (std::uint32_t i = 0; i < stream.h; ++i)
                stream.to = pack_block(row[stream.component].block(x * stream.h + i, stream.j),
                                       stream.to);
    }
}

void unpack_cell(const PackedRow &from, std::uint32_t x, const Planes &row) noexcept {
    for (std::size_t s = 0; s < from.streams.size(); ++s) {
        const PackedRow::Stream &stream = from.streams[s];
        const std::uint8_t *at = from.cell(s, x);
        for (std::uint32_t i = 0; i < stream.h; ++i, at = after_block(at))
            unpack_block(at, row[stream.component].block(x * stream.h + i, stream.j));
    }
}

}  // namespace facecrypt::jpeg
