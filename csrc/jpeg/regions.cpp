#include "regions.h"
#include "sinks.h"

#include <optional>

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

// The component of each block of a cell, in the order of that scan.
std::vector<std::size_t> components_of(const Frame &frame) {
    std::vector<std::size_t> order;
    for (std::size_t c = 0; c < frame.components.size(); ++c)
        order.insert(order.end(),
                     static_cast<std::size_t>(frame.components[c].h * frame.components[c].v), c);
    return order;
}

template <class Sink>
void encode(View blocks, const std::vector<std::size_t> &components, Sink &sink) {
    const std::uint8_t *at = blocks.at, *const end = at + blocks.size;
    std::array<int, 4> last{};
    auto out = sink.open(0);
    while (at != end)
        for (const std::size_t c : components) {
            out.use(c);
            out.ready();
            if (load_mask(at) != 0) {
                at = encode_block(out, last[c], at, 0);
                continue;
            }
            std::array<std::uint8_t, packed_block> flat;
            pack_flat(last[c], flat.data());
            encode_block(out, last[c], flat.data(), 0);
            at += 8;
        }
    sink.close(out);
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

void write(Bytes &out, View blocks, const std::vector<std::size_t> &components,
           const std::array<EncodeTable, 4> &tables) {
    Writer<false> writer(out);
    for (std::size_t c = 0; c < 4; ++c)
        writer.use(c, &tables[table_of(c)], &tables[2 + table_of(c)]);
    encode(blocks, components, writer);
}

const std::array<EncodeTable, 4> &standard_encoders() {
    static const std::array<EncodeTable, 4> made{
        EncodeTable(standard(false, 0), false), EncodeTable(standard(false, 1), false),
        EncodeTable(standard(true, 0), true), EncodeTable(standard(true, 1), true)};
    return made;
}

// The bits of what is counted; none where a symbol has no code.
std::optional<std::uint64_t> bits_of(const Counts &counts, const Spec &spec) {
    std::array<std::uint64_t, 256> lengths{};
    std::size_t k = 0;
    for (std::size_t length = 1; length <= 16; ++length)
        for (int i = 0; i < spec.counts[length]; ++i) lengths[spec.symbols[k++]] = length;
    std::uint64_t bits = 0;
    for (std::size_t symbol = 0; symbol < counts.size(); ++symbol) {
        if (counts[symbol] == 0) continue;
        if (lengths[symbol] == 0) return std::nullopt;
        bits += counts[symbol] * (lengths[symbol] + symbol % 16);
    }
    return bits;
}

// Tables of a region by number, with what they would take.
struct Tables {
    std::array<Spec, 2> dc, ac;
    std::uint64_t bits = 0;
    bool fits = true;

    void count(const Counter &counter, std::size_t t) {
        for (const auto one :
             {bits_of(counter.dc_counts[t], dc[t]), bits_of(counter.ac_counts[t], ac[t])}) {
            fits &= one.has_value();
            bits += one.value_or(0);
        }
    }
};

template <class Table, bool ac> std::shared_ptr<const Table> standard_decoder(std::size_t which) {
    static const std::shared_ptr<const Table> made[2] = {std::make_shared<Table>(standard(ac, 0)),
                                                         std::make_shared<Table>(standard(ac, 1))};
    return made[which];
}

}  // namespace

void RegionTaker::take(const PackedRow &row, const Owners &owners) {
    for (std::uint32_t x = rect_.x0; x < rect_.x1; ++x) {
        const bool own = owners.of(x) == index_;
        owns_ |= own;
        for (std::size_t s = 0; s < row.streams.size(); ++s) {
            const std::uint8_t *const from = row.cell(s, x);
            const std::size_t others = 8 * row.streams[s].h;
            const std::size_t size = own ? static_cast<std::size_t>(row.cell_end(s, x) - from)
                                         : others;
            std::uint8_t *const to = blocks_.room(size);
            own ? std::memcpy(to, from, size) : std::memset(to, 0, size);
            blocks_.extend(size);
        }
    }
}

Bytes RegionTaker::finish() {
    if (!owns_) return {};
    const std::vector<std::size_t> components = components_of(frame_);
    const Scan scan = scan_of(frame_);
    Counter counter(scan);
    encode(blocks_.view(), components, counter);
    Bytes fixed, own;
    fixed.put(standard_tables);
    own.put(own_tables);
    Tables annex_k, best;
    for (std::size_t t = 0; t < tables(frame_); ++t) {
        annex_k.dc[t] = standard(false, static_cast<int>(t));
        annex_k.ac[t] = standard(true, static_cast<int>(t));
        put_table(own, best.dc[t] = optimal(counter.dc_counts[t]));
        put_table(own, best.ac[t] = optimal(counter.ac_counts[t]));
        annex_k.count(counter, t);
        best.count(counter, t);
    }
    const bool fixed_is_shorter = annex_k.fits &&
                                  (annex_k.bits + 7) / 8 + 1 <= (best.bits + 7) / 8 + own.size();
    if (fixed_is_shorter)
        write(fixed, blocks_.view(), components, standard_encoders());
    else
        write(own, blocks_.view(), components,
              {EncodeTable(best.dc[0], false), EncodeTable(best.dc[1], false),
               EncodeTable(best.ac[0], true), EncodeTable(best.ac[1], true)});
    blocks_ = Bytes();
    return fixed_is_shorter ? std::move(fixed) : std::move(own);
}

RegionPutter::RegionPutter(const Frame &frame, Rect rect, std::uint32_t index, View part)
    : rect_(rect), index_(index) {
    if (part.size == 0) return;
    Input input(part);
    const std::uint8_t mode = input.byte();
    if (mode > own_tables) throw Damaged("a region has an unknown mode");
    for (std::size_t t = 0; t < tables(frame); ++t) {
        dc_[t] = mode == own_tables ? std::make_shared<DecodeTable>(take_table(input))
                                    : standard_decoder<DecodeTable, false>(t);
        ac_[t] = mode == own_tables ? std::make_shared<AcTable>(take_table(input))
                                    : standard_decoder<AcTable, true>(t);
    }
    bits_.put(input.take(input.left()));
    const std::size_t size = bits_.size();
    if (size == 0) throw Damaged("cut short");
    std::memset(bits_.room(slack), 0, slack);
    reader_ = BitReader(bits_.data(), bits_.data() + size);
}

void RegionPutter::put(PackedRow &row, const Owners &owners) {
    const bool empty = bits_.size() == 0;
    for (std::uint32_t x = rect_.x0; x < rect_.x1; ++x) {
        const bool own = owners.of(x) == index_;
        if (empty && own) throw Damaged("a region without coefficients");
        if (empty) continue;
        if (own) row.begin_cell(x);
        for (PackedRow::Stream &stream : row.streams)
            for (std::uint32_t i = 0; i < stream.h; ++i) {
                std::array<std::uint8_t, packed_block + packed_spare> spare;
                std::uint8_t *const to = own ? stream.to : spare.data();
                const std::size_t c = stream.component, t = table_of(c);
                unsigned zeros;
                std::uint8_t *const end = decode_block(reader_, *dc_[t], *ac_[t], last_[c], to,
                                                       zeros);
                reader_.check();
                if (own) stream.to = end;
            }
    }
}

}  // namespace facecrypt::jpeg
