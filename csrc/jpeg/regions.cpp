#include "regions.h"
#include "sinks.h"

namespace facecrypt::jpeg {
namespace {

constexpr std::uint8_t standard_tables = 0, own_tables = 1;

std::size_t table_of(std::size_t component) noexcept {
    return component == 1 || component == 2 ? 1 : 0;
}
std::size_t tables(const Frame &frame) noexcept { return frame.components.size() > 1 ? 2 : 1; }

// A scan of all components, as if the region were a picture.
Scan scan_of(const Frame &frame) {
    Scan scan;
    for (std::size_t c = 0; c < frame.components.size(); ++c) {
        scan.components.push_back(c);
        scan.dc[c] = scan.ac[c] = static_cast<int>(table_of(c));
    }
    return scan;
}

// Calls visit(component, cell, i, j) for the blocks (i, j) of each cell of a rectangle in a row of
// cells, in the order of that scan.
template <class Visit> void visit_blocks(const Frame &frame, const Rect &rect, Visit &&visit) {
    const auto blocks = [&](std::size_t c, std::uint32_t cell, std::uint32_t j) {
        const auto h = static_cast<std::uint32_t>(frame.components[c].h);
        for (std::uint32_t i = 0; i < h; ++i) visit(c, cell, cell * h + i, j);
    };
    if (frame.components.size() == 1) {
        for (std::uint32_t j = 0; j < static_cast<std::uint32_t>(frame.vmax); ++j)
            for (std::uint32_t cell = rect.x0; cell < rect.x1; ++cell) blocks(0, cell, j);
        return;
    }
    for (std::uint32_t cell = rect.x0; cell < rect.x1; ++cell)
        for (std::size_t c = 0; c < frame.components.size(); ++c)
            for (std::uint32_t j = 0; j < static_cast<std::uint32_t>(frame.components[c].v); ++j)
                blocks(c, cell, j);
}

// The components of the blocks of a row of cells, in the order of visit_blocks.
std::vector<std::uint8_t> components_of(const Frame &frame, const Rect &rect) {
    std::vector<std::uint8_t> order;
    visit_blocks(frame, rect, [&](std::size_t c, std::uint32_t, std::uint32_t, std::uint32_t) {
        order.push_back(static_cast<std::uint8_t>(c));
    });
    return order;
}

template <class Sink>
void encode(View blocks, const std::vector<std::uint8_t> &components, Sink &sink) {
    Input input(blocks);
    std::array<int, 4> last{};
    for (std::size_t i = 0; input.left() != 0; i = (i + 1) % components.size()) {
        const std::size_t c = components[i];
        std::array<std::int16_t, block_size> block{};
        if (take_block(input, block.data()) == 0) block[0] = static_cast<std::int16_t>(last[c]);
        sink.ready();
        encode_block(sink, c, last[c], block.data(), 0);
    }
    sink.end_interval(255);
    sink.finish();
}

void put_table(Bytes &out, const Spec &spec) {
    std::size_t top = 16;
    while (top != 0 && spec.counts[top] == 0) --top;
    out.put(static_cast<std::uint8_t>(top));
    out.put(View{spec.counts.data() + 1, top});
    out.put(View{spec.symbols.data(), spec.size()});
}

Spec take_table(Input &input) {
    Spec spec;
    const std::size_t top = input.byte();
    if (top > 16) throw Damaged("a region has a malformed Huffman table");
    const View counts = input.take(top);
    for (std::size_t i = 0; i < top; ++i) spec.counts[i + 1] = counts[i];
    if (spec.size() > 256) throw Damaged("a region has a malformed Huffman table");
    const View symbols = input.take(spec.size());
    for (std::size_t i = 0; i < symbols.size; ++i) spec.symbols[i] = symbols[i];
    return spec;
}

void write(Bytes &out, View blocks, const std::vector<std::uint8_t> &components,
           const std::array<Spec, 2> &dc, const std::array<Spec, 2> &ac) {
    const std::array<EncodeTable, 4> made{EncodeTable(dc[0]), EncodeTable(dc[1]),
                                          EncodeTable(ac[0]), EncodeTable(ac[1])};
    Writer<false> writer(out);
    for (std::size_t c = 0; c < 4; ++c) writer.use(c, &made[table_of(c)], &made[2 + table_of(c)]);
    encode(blocks, components, writer);
}

std::shared_ptr<const DecodeTable> standard_decoder(bool ac, std::size_t which) {
    static const std::shared_ptr<const DecodeTable> made[2][2] = {
        {std::make_shared<DecodeTable>(standard(false, 0)),
         std::make_shared<DecodeTable>(standard(false, 1))},
        {std::make_shared<DecodeTable>(standard(true, 0)),
         std::make_shared<DecodeTable>(standard(true, 1))}};
    return made[ac ? 1 : 0][which];
}

}  // namespace

void RegionTaker::take(const Planes &row, const Owners &owners) {
    visit_blocks(frame_, rect_,
                 [&](std::size_t c, std::uint32_t cell, std::uint32_t x, std::uint32_t j) {
                     const std::int16_t *block = row[c].block(x, j);
                     const bool own = owners.of(cell) == index_;
                     owns_ |= own;
                     put_block(blocks_, block, own ? nonzero(block) | 1 : 0);
                 });
}

Bytes RegionTaker::finish() {
    if (!owns_) return {};
    const std::vector<std::uint8_t> components = components_of(frame_, rect_);
    Bytes fixed, own;
    fixed.put(standard_tables);
    bool fits = true;
    try {
        write(fixed, blocks_.view(), components, {standard(false, 0), standard(false, 1)},
              {standard(true, 0), standard(true, 1)});
    } catch (const MissingSymbol &) {
        fits = false;
    }
    const Scan scan = scan_of(frame_);
    Counter counter(scan);
    encode(blocks_.view(), components, counter);
    std::array<Spec, 2> dc, ac;
    own.put(own_tables);
    for (std::size_t t = 0; t < tables(frame_); ++t) {
        put_table(own, dc[t] = optimal(counter.dc_counts[t]));
        put_table(own, ac[t] = optimal(counter.ac_counts[t]));
    }
    write(own, blocks_.view(), components, dc, ac);
    blocks_ = Bytes();
    return fits && fixed.size() <= own.size() ? std::move(fixed) : std::move(own);
}

RegionPutter::RegionPutter(const Frame &frame, Rect rect, std::uint32_t index, View part)
    : frame_(frame), rect_(rect), index_(index) {
    if (part.size == 0) return;
    Input input(part);
    const std::uint8_t mode = input.byte();
    if (mode > own_tables) throw Damaged("a region has an unknown mode");
    for (std::size_t t = 0; t < tables(frame); ++t) {
        dc_[t] = mode == own_tables ? std::make_shared<DecodeTable>(take_table(input))
                                    : standard_decoder(false, t);
        ac_[t] = mode == own_tables ? std::make_shared<DecodeTable>(take_table(input))
                                    : standard_decoder(true, t);
    }
    bits_.put(input.take(input.left()));
    const std::size_t size = bits_.size();
    if (size == 0) throw Damaged("cut short");
    std::memset(bits_.room(slack), 0, slack);
    reader_ = BitReader(bits_.data(), bits_.data() + size);
}

void RegionPutter::put(const Planes &row, const Owners &owners) {
    const bool empty = bits_.size() == 0;
    visit_blocks(
        frame_, rect_, [&](std::size_t c, std::uint32_t cell, std::uint32_t x, std::uint32_t j) {
            const bool own = owners.of(cell) == index_;
            if (empty && own) throw Damaged("a region without coefficients");
            if (empty) return;
            std::array<std::int16_t, block_size> spare{};
            std::int16_t *block = own ? row[c].block(x, j) : spare.data();
            std::memset(block, 0, sizeof spare);
            Forget forget;
            decode_block(reader_, *dc_[table_of(c)], *ac_[table_of(c)], last_[c], block, forget);
            reader_.check();
        });
}

}  // namespace facecrypt::jpeg
