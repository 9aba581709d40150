#include "layout.h"
#include "clean.h"

#include <algorithm>

namespace facecrypt::jpeg {
namespace {

int be16(const std::uint8_t *at) noexcept { return at[0] << 8 | at[1]; }

std::uint32_t divide_up(std::uint32_t n, std::uint32_t by) noexcept { return (n + by - 1) / by; }

class Parser {
public:
    Parser(View file, bool bare) : file_(file), bare_(bare) {}

    Layout run() {
        if (file_.size < 2 || file_[0] != 0xFF || file_[1] != 0xD8) throw Refused("not a JPEG");
        at_ = 2;
        while (const int marker = next_marker()) segment(marker);
        check_whole();
        return std::move(layout_);
    }

private:
    // 0 at EOI or the end of the file.
    int next_marker() {
        while (at_ < file_.size) {
            if (file_[at_] != 0xFF) {  // junk, which decoders skip
                ++at_;
                continue;
            }
            while (at_ < file_.size && file_[at_] == 0xFF) ++at_;
            if (at_ >= file_.size) break;
            const int marker = file_[at_++];
            const bool lone = marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8);
            if (lone) continue;
            if (marker == 0xD9) {
                layout_.end = at_;
                return 0;
            }
            return marker;
        }
        layout_.end = file_.size;
        return 0;
    }

    void segment(int marker) {
        const std::size_t start = at_ - 2;
        if (file_.size - at_ < 2) throw Refused("cut short in a segment");
        const auto size = static_cast<std::size_t>(be16(file_.at + at_));
        if (size < 2 || size > file_.size - at_) throw Refused("a segment has a wrong length");
        if (++count_ > max_segments) throw Refused("too many segments");
        const View body = file_.part(at_ + 2, at_ + size);
        at_ += size;
        if ((marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE)
            layout_.segments.push_back({marker, start, size + 2});
        else if (marker == 0xDB)
            quantisers(body);
        else if (marker == 0xC4)
            tables(body);
        else if (marker == 0xDD)
            restart(body);
        else if (marker == 0xDA)
            scan(body);
        else if (marker == 0xDC)
            throw Refused("DNL is not supported");
        else if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC8)
            frame(marker, body);
        else if (marker == 0xDE || marker == 0xDF)
            throw Refused("hierarchical coding is not supported");
    }

    void quantisers(View body) {
        for (std::size_t i = 0; i < body.size;) {
            const int wide = body[i] >> 4, number = body[i] & 15;
            const std::size_t size = wide ? 128 : 64;
            if (wide > 1 || number > 3 || body.size - ++i < size)
                throw Refused("a malformed quantisation table");
            Quantisers table;
            for (std::size_t k = 0; k < 64; ++k, i += wide ? 2 : 1)
                table[k] = static_cast<std::uint16_t>(wide ? be16(body.at + i) : body[i]);
            Quantisers &known = layout_.frame.quantisers[static_cast<std::size_t>(number)];
            if (!layout_.scans.empty() && quantised_[static_cast<std::size_t>(number)] &&
                table != known)
                throw Refused("a quantisation table is redefined between scans");
            known = table;
            quantised_[static_cast<std::size_t>(number)] = true;
        }
    }

    void tables(View body) {
        defined_ = true;
        for (std::size_t i = 0; i < body.size;) {
            if (body.size - i < 17) throw Refused("a malformed Huffman table");
            const int ac = body[i] >> 4;
            const auto number = static_cast<std::size_t>(body[i] & 15);
            const auto spec = std::make_shared<Spec>();
            for (std::size_t k = 1; k <= 16; ++k) spec->counts[k] = body[i + k];
            const std::size_t size = spec->size();
            i += 17;
            if (ac > 1 || number > 3 || size > 256 || body.size - i < size)
                throw Refused("a malformed Huffman table");
            std::copy_n(body.at + i, size, spec->symbols.begin());
            check(*spec);
            i += size;
            if (number > 1 || !(*spec == standard(ac == 1, static_cast<int>(number))))
                layout_.all_standard = false;
            (ac ? ac_ : dc_)[number] = spec;
        }
    }

    void restart(View body) {
        if (body.size < 2) throw Refused("a malformed restart interval");
        restart_ = static_cast<std::uint32_t>(be16(body.at));
    }

    void frame(int marker, View body) {
        if (marker == 0xC3) throw Refused("lossless coding is not supported");
        if (marker >= 0xC5 && marker <= 0xC7) throw Refused("hierarchical coding is not supported");
        if (marker > 0xC2) throw Refused("arithmetic coding is not supported");
        Frame &frame = layout_.frame;
        if (frame.marker != 0) throw Refused("two frames");
        if (body.size < 6) throw Refused("a malformed frame");
        frame.marker = marker;
        frame.precision = body[0];
        frame.height = static_cast<std::uint32_t>(be16(body.at + 1));
        frame.width = static_cast<std::uint32_t>(be16(body.at + 3));
        const std::size_t count = body[5];
        if (frame.precision != 8 && frame.precision != 12)
            throw Refused("only 8 and 12 bits are supported");
        if (frame.height == 0) throw Refused("DNL is not supported");
        if (frame.width == 0) throw Refused("a picture without pixels");
        if (std::uint64_t{frame.width} * frame.height > max_pixels)
            throw Refused("more than 268,435,456 pixels");
        if (count > 4) throw Refused("more than four components");
        if (count == 0 || body.size < 6 + 3 * count) throw Refused("a malformed frame");
        for (std::size_t i = 0; i < count; ++i) component(body.part(6 + 3 * i, 9 + 3 * i));
        measure();
    }

    void component(View body) {
        const int h = body[1] >> 4, v = body[1] & 15, number = body[2];
        if (h < 1 || h > 4 || v < 1 || v > 4) throw Refused("a malformed sampling factor");
        if (number > 3) throw Refused("no quantisation table has that number");
        layout_.frame.components.push_back({body[0], h, v, number, 0, 0, 0, 0});
    }

    void measure() {
        Frame &frame = layout_.frame;
        // One component has its blocks in rows, whatever its sampling: T.81 A.2.2.
        if (frame.components.size() == 1) frame.components[0].h = frame.components[0].v = 1;
        for (const Component &one : frame.components) {
            frame.hmax = std::max(frame.hmax, one.h);
            frame.vmax = std::max(frame.vmax, one.v);
        }
        const auto hmax = static_cast<std::uint32_t>(frame.hmax);
        const auto vmax = static_cast<std::uint32_t>(frame.vmax);
        frame.across = divide_up(frame.width, 8 * hmax);
        frame.down = divide_up(frame.height, 8 * vmax);
        for (Component &one : frame.components) {
            const auto h = static_cast<std::uint32_t>(one.h);
            const auto v = static_cast<std::uint32_t>(one.v);
            one.across = frame.across * h;
            one.down = frame.down * v;
            one.wide = divide_up(divide_up(frame.width * h, hmax), 8);
            one.high = divide_up(divide_up(frame.height * v, vmax), 8);
        }
    }

    void scan(View body) {
        const Frame &frame = layout_.frame;
        if (frame.marker == 0) throw Refused("a scan before the frame");
        if (layout_.scans.size() == max_scans) throw Refused("more than 100 scans");
        const std::size_t count = body.size ? body[0] : 0;
        if (count < 1 || count > 4 || body.size < 4 + 2 * count)
            throw Refused("a malformed scan header");
        Scan scan;
        for (std::size_t i = 0; i < count; ++i) select(scan, body.part(1 + 2 * i, 3 + 2 * i));
        band(scan, body.at + 1 + 2 * count);
        scan.restart = restart_;
        scan.dc_tables = dc_;
        scan.ac_tables = ac_;
        if (!defined_ && !frame.progressive())  // as frames of Motion JPEG
            for (int i = 0; i < 2; ++i) {
                const auto at = static_cast<std::size_t>(i);
                scan.dc_tables[at] = std::make_shared<Spec>(standard(false, i));
                scan.ac_tables[at] = std::make_shared<Spec>(standard(true, i));
            }
        check_scan(scan);
        scan.begin = at_;
        scan.end = bare_ ? at_ : scan_end(file_, at_);
        at_ = scan.end;
        layout_.scans.push_back(std::move(scan));
    }

    void select(Scan &scan, View body) {
        const std::vector<Component> &all = layout_.frame.components;
        const auto used = [&](std::size_t i) {
            return std::count(scan.components.begin(), scan.components.end(), i) != 0;
        };
        std::size_t found = 0;
        while (found < all.size() && (all[found].id != body[0] || used(found))) ++found;
        if (found == all.size()) throw Refused("a scan of a component that is not in the frame");
        const std::size_t at = scan.components.size();
        scan.dc[at] = body[1] >> 4;
        scan.ac[at] = body[1] & 15;
        if (scan.dc[at] > 3 || scan.ac[at] > 3) throw Refused("no Huffman table has that number");
        scan.components.push_back(found);
    }

    void band(Scan &scan, const std::uint8_t *at) {
        if (!layout_.frame.progressive()) return;  // what it says is not looked at by decoders
        scan.first = at[0];
        scan.last = at[1];
        scan.high = at[2] >> 4;
        scan.low = at[2] & 15;
        const bool dc = scan.first == 0;
        if (scan.first > scan.last || scan.last > 63 || (dc && scan.last != 0) ||
            (!dc && scan.interleaved()) || scan.low > 13 ||
            (scan.high != 0 && scan.high != scan.low + 1))
            throw Refused("a malformed progressive scan");
    }

    void check_scan(const Scan &scan) {
        const Frame &frame = layout_.frame;
        int blocks = 0;
        for (std::size_t i = 0; i < scan.components.size(); ++i) {
            const std::size_t which = scan.components[i];
            const Component &one = frame.components[which];
            blocks += one.h * one.v;
            if (!quantised_[static_cast<std::size_t>(one.quantisers)])
                throw Refused("a quantisation table is missing");
            if ((scan.wants_dc(frame) && !scan.dc_tables[static_cast<std::size_t>(scan.dc[i])]) ||
                (scan.wants_ac(frame) && !scan.ac_tables[static_cast<std::size_t>(scan.ac[i])]))
                throw Refused("a Huffman table is missing");
            covered_[which] += scan.wants_dc(frame) ? 1 : 0;
            if (covered_[which] != 1)
                throw Refused(covered_[which] ? "two scans of the same coefficients"
                                              : "a component without a DC scan");
        }
        if (scan.interleaved() && blocks > max_blocks_in_mcu)
            throw Refused("more than ten blocks in a MCU");
    }

    void check_whole() const {
        if (layout_.scans.empty()) throw Refused("no scan");
        for (std::size_t i = 0; i < layout_.frame.components.size(); ++i)
            if (covered_[i] == 0) throw Refused("a component without a scan");
    }

    View file_;
    bool bare_, defined_ = false;
    std::size_t at_ = 0, count_ = 0;
    std::uint32_t restart_ = 0;
    std::array<bool, 4> quantised_{};
    std::array<int, 4> covered_{};
    std::array<std::shared_ptr<const Spec>, 4> dc_, ac_;
    Layout layout_;
};

}  // namespace

std::uint64_t Frame::blocks() const noexcept {
    std::uint64_t sum = 0;
    for (const Component &one : components) sum += std::uint64_t{one.across} * one.down;
    return sum;
}

Layout read_layout(View file, bool bare) { return Parser(file, bare).run(); }

Bytes bare_copy(View file, const Layout &layout) {
    Bytes copy;
    std::size_t from = 0;
    for (const Scan &scan : layout.scans) {
        copy.put(file.part(from, scan.begin));
        from = scan.end;
    }
    copy.put(file.part(from, layout.end));
    return copy;
}

}  // namespace facecrypt::jpeg
