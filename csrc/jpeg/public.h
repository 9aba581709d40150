// The public part of a sealed JPEG, by the writer's rules: DQT, SOF, (DRI, DHT, SOS, scan)*, EOI.
#pragma once

#include "scans.h"

namespace facecrypt::jpeg {

// The scans of a JPEG with other tables: those of Annex K, or the best for the counts.
Scan with_standard_tables(const Frame &frame, const Scan &scan);
Scan with_optimal_tables(const Frame &frame, const Scan &scan, const Counter &counter);

class PublicWriter {
public:
    // The scans with the tables that they are written with.
    PublicWriter(const Frame &frame, const std::vector<Scan> &scans, Bytes &out);

    // Before the entropy-coded bytes of the next scan; after those of the last.
    void start_scan(const Scan &scan);
    void end();

private:
    void segment(std::uint8_t marker, std::size_t size);
    void put_quantisers(const Frame &frame);
    void put_frame(const Frame &frame, int marker);
    void put_table(int ac, std::size_t number, const std::shared_ptr<const Spec> &spec);

    const Frame &frame_;
    Bytes &out_;
    std::uint32_t restart_ = 0;
    std::array<std::shared_ptr<const Spec>, 4> dc_, ac_;
};

// A writer with the tables of a scan.
class ScanWriter {
public:
    ScanWriter(const Frame &frame, const Scan &scan, Bytes &out);

    Writer<true> sink;

private:
    std::vector<EncodeTable> tables_;
};

// From all coefficients, with optimal tables, or those of Annex K where they will do.
Bytes write_public(const Layout &layout, const Planes &all, bool standard);

}  // namespace facecrypt::jpeg
