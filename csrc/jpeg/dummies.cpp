#include "dummies.h"

namespace facecrypt::jpeg {
namespace {

// Calls visit(cell) for the public ones of a row that have blocks outside the picture.
template <class Visit>
void visit_cells(const Frame &frame, std::uint32_t y, const Owners &owners, Visit &&visit) {
    const std::uint32_t last = frame.across - 1;
    for (std::uint32_t x = y + 1 == frame.down ? 0 : last; x <= last; ++x)
        if (owners.of(x) == nobody) visit(x);
}

// Which blocks of a cell are such ones; the first of a component never is.
class Outside {
public:
    Outside(const Frame &frame, const PackedRow::Stream &stream, std::uint32_t x, std::uint32_t y)
        : x_(x * stream.h), wide_(frame.components[stream.component].wide),
          below_(y * static_cast<std::uint32_t>(frame.components[stream.component].v) + stream.j >=
                 frame.components[stream.component].high) {}

    bool operator()(std::uint32_t i) const noexcept { return below_ || x_ + i >= wide_; }

private:
    std::uint32_t x_, wide_;
    bool below_;
};

void read_block(Input &input, std::int16_t *block) {
    std::array<std::uint8_t, packed_block> packed;
    const View head = input.take(8);
    std::memcpy(packed.data(), head.at, 8);
    const View rest = input.take(
        2 * static_cast<std::size_t>(__builtin_popcountll(load_mask(head.at))));
    std::memcpy(packed.data() + 8, rest.at, rest.size);
    unpack_block(packed.data(), block);
}

}  // namespace

DummyList::DummyList(const Layout &layout) : frame_(layout.frame) {
    for (const Scan &scan : layout.scans)
        for (const std::size_t c : scan.components) coded_[c] |= scan.interleaved();
}

void DummyList::take(const PackedRow &row, std::uint32_t y, const Owners &owners) {
    visit_cells(frame_, y, owners, [&](std::uint32_t x) {
        int before = 0;
        for (std::size_t s = 0; s < row.streams.size(); ++s) {
            const PackedRow::Stream &stream = row.streams[s];
            const Outside outside(frame_, stream, x, y);
            const std::uint8_t *at = row.cell(s, x), *end;
            for (std::uint32_t i = 0; i < stream.h; ++i, before = dc_of(at), at = end) {
                end = after_block(at);
                if (!outside(i)) continue;
                if (coded_[stream.component] && (dc_of(at) != before || load_mask(at) != 1)) {
                    put_varint(packed_, index_ - last_);
                    last_ = index_;
                    packed_.put(View{at, static_cast<std::size_t>(end - at)});
                }
                ++index_;
            }
        }
    });
}

DummyFiller::DummyFiller(const Frame &frame, View packed) : frame_(frame), packed_(packed) {
    advance();
}

void DummyFiller::advance() {
    more_ = packed_.left() != 0;
    if (more_) next_ += packed_.varint();
}

std::uint8_t *DummyFiller::put(int before, std::uint8_t *to) {
    if (!more_ || index_++ != next_) return pack_flat(before, to);
    std::array<std::int16_t, block_size> block;
    read_block(packed_, block.data());
    advance();
    return pack_block(block.data(), to);
}

void DummyFiller::fill(const PackedRow &row, std::uint32_t y, const Owners &owners, PackedRow &to,
                       std::vector<std::uint8_t> &changed) {
    visit_cells(frame_, y, owners, [&](std::uint32_t x) {
        changed[x] = 1;
        to.begin_cell(x);
        int before = 0;
        for (std::size_t s = 0; s < row.streams.size(); ++s) {
            PackedRow::Stream &stream = to.streams[s];
            const Outside outside(frame_, stream, x, y);
            const std::uint8_t *at = row.cell(s, x), *end;
            for (std::uint32_t i = 0; i < stream.h; ++i, at = end) {
                end = after_block(at);
                std::uint8_t *const start = stream.to;
                if (outside(i)) {
                    stream.to = put(before, start);
                } else {
                    std::memcpy(start, at, static_cast<std::size_t>(end - at));
                    stream.to = start + (end - at);
                }
                before = dc_of(start);
            }
        }
    });
}

void DummyFiller::finish() const {
    if (more_) throw Damaged("a block outside the picture that is not there");
}

}  // namespace facecrypt::jpeg
