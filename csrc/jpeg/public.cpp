#include "public.h"

#include <algorithm>

namespace facecrypt::jpeg {
namespace {

constexpr int baseline = 0xC0, extended = 0xC1;
// Of differences and of coefficients in a baseline JPEG of 8 bits: T.81 F.1.2.
constexpr int max_dc_size = 11, max_ac_size = 10;

template <class Visit> void visit_tables(const Frame &frame, const Scan &scan, Visit &&visit) {
    for (std::size_t number = 0; number < 4; ++number) {
        bool dc = false, ac = false;
        for (std::size_t k = 0; k < scan.components.size(); ++k) {
            dc |= scan.wants_dc(frame) && scan.dc[k] == static_cast<int>(number);
            ac |= scan.wants_ac(frame) && scan.ac[k] == static_cast<int>(number);
        }
        if (dc) visit(0, number, scan.dc_tables[number]);
        if (ac) visit(1, number, scan.ac_tables[number]);
    }
}

bool is_baseline(const Frame &frame, const std::vector<Scan> &scans) {
    if (frame.precision != 8) return false;
    bool fits = true;
    for (const Component &one : frame.components)
        for (const std::uint16_t q : frame.quantisers[static_cast<std::size_t>(one.quantisers)])
            fits &= q < 256;
    for (const Scan &scan : scans)
        visit_tables(frame, scan,
                     [&](int ac, std::size_t number, const std::shared_ptr<const Spec> &spec) {
                         fits &= number < 2;
                         for (std::size_t i = 0; i < spec->size(); ++i)
                             fits &= ac ? (spec->symbols[i] & 15) <= max_ac_size
                                        : spec->symbols[i] <= max_dc_size;
                     });
    return fits;
}

// Without what the original's scan says beyond its script.
Scan bare(const Scan &scan) {
    Scan made = scan;
    for (auto *tables : {&made.dc_tables, &made.ac_tables})
        for (auto &table : *tables) table.reset();
    return made;
}

}  // namespace

Scan with_standard_tables(const Frame &frame, const Scan &scan) {
    Scan made = bare(scan);
    visit_tables(frame, scan, [&](int ac, std::size_t number, const auto &) {
        (ac ? made.ac_tables : made.dc_tables)[number] = std::make_shared<Spec>(
            standard(ac != 0, static_cast<int>(number)));
    });
    return made;
}

Scan with_optimal_tables(const Frame &frame, const Scan &scan, const Counter &counter) {
    Scan made = bare(scan);
    visit_tables(frame, scan, [&](int ac, std::size_t number, const auto &) {
        (ac ? made.ac_tables : made.dc_tables)[number] = std::make_shared<Spec>(
            optimal(ac ? counter.ac_counts[number] : counter.dc_counts[number]));
    });
    return made;
}

PublicWriter::PublicWriter(const Frame &frame, const std::vector<Scan> &scans, Bytes &out)
    : frame_(frame), out_(out) {
    put_quantisers(frame);
    const bool plain = frame.marker != baseline || is_baseline(frame, scans);
    put_frame(frame, plain ? frame.marker : extended);
}

void PublicWriter::segment(std::uint8_t marker, std::size_t size) {
    out_.put(0xFF);
    out_.put(marker);
    out_.put16(static_cast<unsigned>(size + 2));
}

void PublicWriter::put_quantisers(const Frame &frame) {
    for (int number = 0; number < 4; ++number) {
        if (std::none_of(frame.components.begin(), frame.components.end(),
                         [&](const Component &one) { return one.quantisers == number; }))
            continue;
        const Quantisers &table = frame.quantisers[static_cast<std::size_t>(number)];
        const bool wide = *std::max_element(table.begin(), table.end()) > 255;
        segment(0xDB, wide ? 129 : 65);
        out_.put(static_cast<std::uint8_t>((wide ? 16 : 0) | number));
        for (const std::uint16_t q : table)
            if (wide)
                out_.put16(q);
            else
                out_.put(static_cast<std::uint8_t>(q));
    }
}

void PublicWriter::put_frame(const Frame &frame, int marker) {
    segment(static_cast<std::uint8_t>(marker), 6 + 3 * frame.components.size());
    out_.put(static_cast<std::uint8_t>(frame.precision));
    out_.put16(frame.height);
    out_.put16(frame.width);
    out_.put(static_cast<std::uint8_t>(frame.components.size()));
    for (const Component &one : frame.components) {
        out_.put(static_cast<std::uint8_t>(one.id));
        out_.put(static_cast<std::uint8_t>(one.h << 4 | one.v));
        out_.put(static_cast<std::uint8_t>(one.quantisers));
    }
}

void PublicWriter::put_table(int ac, std::size_t number, const std::shared_ptr<const Spec> &spec) {
    auto &known = (ac ? ac_ : dc_)[number];
    if (known && *known == *spec) return;
    known = spec;
    segment(0xC4, 17 + spec->size());
    out_.put(static_cast<std::uint8_t>(ac << 4 | static_cast<int>(number)));
    out_.put(View{spec->counts.data() + 1, 16});
    out_.put(View{spec->symbols.data(), spec->size()});
}

void PublicWriter::start_scan(const Scan &scan) {
    if (scan.restart != restart_) {
        segment(0xDD, 2);
        out_.put16(restart_ = scan.restart);
    }
    visit_tables(frame_, scan,
                 [this](int ac, std::size_t number, const std::shared_ptr<const Spec> &spec) {
                     put_table(ac, number, spec);
                 });
    segment(0xDA, 4 + 2 * scan.components.size());
    out_.put(static_cast<std::uint8_t>(scan.components.size()));
    for (std::size_t k = 0; k < scan.components.size(); ++k) {
        out_.put(static_cast<std::uint8_t>(frame_.components[scan.components[k]].id));
        out_.put(static_cast<std::uint8_t>(scan.dc[k] << 4 | scan.ac[k]));
    }
    out_.put(static_cast<std::uint8_t>(scan.first));
    out_.put(static_cast<std::uint8_t>(scan.last));
    out_.put(static_cast<std::uint8_t>(scan.high << 4 | scan.low));
}

void PublicWriter::end() {
    out_.put(0xFF);
    out_.put(0xD9);
}

ScanWriter::ScanWriter(const Frame &frame, const Scan &scan, Bytes &out) : sink(out) {
    tables_.reserve(2 * scan.components.size());
    const auto made = [this](const std::shared_ptr<const Spec> &spec, bool ac) {
        return &tables_.emplace_back(*spec, ac);
    };
    for (std::size_t k = 0; k < scan.components.size(); ++k) {
        const auto dc = static_cast<std::size_t>(scan.dc[k]);
        const auto ac = static_cast<std::size_t>(scan.ac[k]);
        sink.use(k, scan.wants_dc(frame) ? made(scan.dc_tables[dc], false) : nullptr,
                 scan.wants_ac(frame) ? made(scan.ac_tables[ac], true) : nullptr);
    }
}

namespace {

Bytes write_with(const Frame &frame, const std::vector<Scan> &scans, const Planes &all) {
    Bytes out;
    PublicWriter writer(frame, scans, out);
    for (const Scan &scan : scans) {
        writer.start_scan(scan);
        ScanWriter bits(frame, scan, out);
        encode_scan(frame, scan, Recipe(), all, bits.sink);
    }
    writer.end();
    return out;
}

}  // namespace

Bytes write_public(const Layout &layout, const Planes &all, bool standard) {
    const Frame &frame = layout.frame;
    std::vector<Scan> scans;
    if (standard) {
        for (const Scan &scan : layout.scans) scans.push_back(with_standard_tables(frame, scan));
        try {
            return write_with(frame, scans, all);
        } catch (const MissingSymbol &) {
            scans.clear();
        }
    }
    for (const Scan &scan : layout.scans) {
        Counter counter(scan);
        encode_scan(frame, scan, Recipe(), all, counter);
        scans.push_back(with_optimal_tables(frame, scan, counter));
    }
    return write_with(frame, scans, all);
}

}  // namespace facecrypt::jpeg
