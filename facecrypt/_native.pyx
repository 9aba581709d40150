# distutils: language = c++
# cython: boundscheck=False, wraparound=False, initializedcheck=False
# cython: auto_pickle=False, autotestdict=False
"""The native kernels: checks of everything Python passes, then csrc/kernels.h without the GIL.

What the functions compute and take is defined in ``facecrypt.backends.operands``.
"""

import os

from facecrypt.machine import cores

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from libc.stdint cimport int8_t, int32_t, uint8_t, uint32_t, uint64_t, uintptr_t

from libcpp.string cimport string

cdef extern from "messages.h" namespace "facecrypt" nogil:
    bint c_can_hear "facecrypt::can_hear"()
    void c_start_hearing "facecrypt::start_hearing"()
    string c_stop_hearing "facecrypt::stop_hearing"() except +

cdef extern from "kernels.h" namespace "facecrypt" nogil:
    cdef enum class Isa(int):
        baseline
        avx2
        avx512
    cdef enum class Quantiser(int):
        eq4
        floor255
        round255
        floor256
    cdef struct Lanes:
        const double *mu
        const double *d0
        size_t lanes
        uint64_t discard
        int bytes
        size_t chunk
    cdef struct Rows:
        const double *mu
        const double *d0
        size_t count
        size_t width
        uint64_t discard
    cdef struct Orbit:
        double lyapunov
        uint32_t cycle
    cdef struct Pixels:
        const uint8_t *order
        const uint8_t *mask
        size_t pixels
        size_t channels
    cdef struct Gather:
        const int32_t *source
        const uint8_t *mask
        size_t items
        size_t length
    cdef struct Blocks:
        size_t rows
        size_t columns
        size_t down
        size_t across
        bint nibbles
        const int32_t *perm
        const uint8_t *mask
        const int32_t *which
        const int32_t *source
        size_t keys
    cdef struct Coupling:
        size_t height
        size_t width
        size_t channels
        size_t rounds
        size_t hidden
        const int8_t *first
        const int8_t *first_bias
        const int8_t *second
        const uint8_t *second_bias
        bint inverse
    cdef struct Overlaps:
        const int32_t *boxes
        size_t count
        const int32_t *faces
        size_t known
    cdef struct Crops:
        const uint8_t *image
        size_t width
        const int32_t *boxes
        size_t count
        size_t side
    cdef struct Area:
        const uint8_t *pixels
        size_t pitch
        size_t down
        size_t across
        size_t first
        size_t rows
    cdef struct Suppression:
        const float *boxes
        const float *scores
        size_t count
        float threshold
        bint nested
    size_t widest_block
    Isa c_isa "facecrypt::isa"() noexcept
    bint isa_supported(Isa) noexcept
    bint select_isa(Isa) noexcept
    bint in_domain(double, double) noexcept
    void c_sequence "facecrypt::sequence"(
        double, double, uint64_t, Quantiser, const uint8_t *, uint8_t *, size_t) noexcept
    void c_lanes "facecrypt::lanes"(
        const Lanes &, const uint8_t *, uint8_t *, size_t, size_t) noexcept
    void c_rows "facecrypt::rows"(const Rows &, const uint8_t *, uint8_t *, size_t) noexcept
    Orbit c_examine "facecrypt::examine"(double, double, uint64_t) noexcept
    void c_pixels "facecrypt::pixels"(
        const Pixels &, const uint8_t *, uint8_t *, size_t, size_t) noexcept
    void c_gather "facecrypt::gather"(
        const Gather &, const uint8_t *, uint8_t *, size_t, size_t) noexcept
    bint c_blocks "facecrypt::blocks"(
        const Blocks &, const uint8_t *, uint8_t *, size_t, size_t) noexcept
    bint c_coupling "facecrypt::coupling"(
        const Coupling &, const uint8_t *, uint8_t *, size_t, size_t) noexcept
    void c_overlaps "facecrypt::overlaps"(const Overlaps &, double *, int32_t *) noexcept
    void c_crops "facecrypt::crops"(const Crops &, uint8_t *) noexcept
    bint c_area_means "facecrypt::area_means"(
        const Area &, const int32_t *, float *, size_t) noexcept
    Py_ssize_t c_suppress "facecrypt::suppress"(const Suppression &, int32_t *) noexcept

# Bytes from which a second thread gains time, measured: of kernels that compute, and of those
# that keep up with memory, which a second core reads no faster at first.
cdef size_t COMPUTING = 2 << 20
cdef size_t AT_MEMORY_SPEED = 8 << 20
cdef size_t CPUS = cores()

cdef int32_t LARGEST = 1 << 22  # coordinate of a box: areas are exact in binary64
cdef float FARTHEST = 1 << 30  # coordinate of a box that a network moved

cdef dict ISAS = {"baseline": Isa.baseline, "avx2": Isa.avx2, "avx512": Isa.avx512}
cdef dict QUANTISERS = {
    "eq4": Quantiser.eq4, "floor255": Quantiser.floor255,
    "round255": Quantiser.round255, "floor256": Quantiser.floor256,
}


def supported_isas():
    """Names of the instruction sets this processor and this build have kernels for."""
    return [name for name, which in ISAS.items() if isa_supported(which)]


def isa():
    """Name of the one in use."""
    return next(name for name, which in ISAS.items() if which == c_isa())


def _force_isa(name):
    if name not in supported_isas():
        raise ImportError(
            f"FACECRYPT_ISA={name!r} is not one of {', '.join(supported_isas())}, which this "
            "processor supports; unset it, or choose one of these"
        )
    select_isa(ISAS[name])


if os.environ.get("FACECRYPT_ISA"):
    _force_isa(os.environ["FACECRYPT_ISA"])


cdef class _Held:
    """A C-contiguous buffer of one element type, held until the object dies."""
    cdef Py_buffer view
    cdef bint held

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)

    cdef size_t size(self) noexcept:
        return self.view.len // self.view.itemsize


cdef _Held _hold(object array, str name, bytes code, str dtype, bint writable):
    cdef _Held held = _Held.__new__(_Held)
    cdef int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT
    if writable:
        flags |= PyBUF_WRITABLE
    try:
        PyObject_GetBuffer(array, &held.view, flags)
    except (BufferError, ValueError) as error:
        what = "C-contiguous and writable" if writable else "C-contiguous"
        raise ValueError(
            f"{name} must be {what} ({error}); pass a copy: numpy.ascontiguousarray"
        ) from None
    except TypeError:
        raise TypeError(
            f"{name} must be a {dtype} array, received {type(array).__name__}"
        ) from None
    held.held = True
    if held.view.format == NULL or <bytes>held.view.format != code:
        raise TypeError(
            f"{name} must hold {dtype}, received {getattr(array, 'dtype', 'another type')}"
        )
    return held


cdef class _Job:
    """in and out of a kernel, checked against each other."""
    cdef _Held source
    cdef _Held target
    cdef const uint8_t *data
    cdef uint8_t *out
    cdef size_t n


cdef _Job _job(object data, object out):
    cdef _Job job = _Job.__new__(_Job)
    cdef uintptr_t a, b
    job.target = _hold(out, "out", b"B", "uint8", True)
    job.out = <uint8_t *>job.target.view.buf
    job.n = job.target.view.len
    job.data = NULL
    if data is None:
        return job
    if data is out:
        job.data = job.out
        return job
    job.source = _hold(data, "data", b"B", "uint8", False)
    job.data = <const uint8_t *>job.source.view.buf
    if <size_t>job.source.view.len != job.n:
        raise ValueError(
            f"out must have as many elements as data, {job.source.view.len}, received {job.n}"
        )
    a, b = <uintptr_t>job.data, <uintptr_t>job.out
    if a != b and a < b + job.n and b < a + job.n:
        raise ValueError(
            "out overlaps data without being the same memory; pass data itself or another array"
        )
    return job


cdef _apart(_Held held, str name, _Held target, str out):
    """Refuse a target with bytes of what is read: they would change after they are checked."""
    cdef uintptr_t a = <uintptr_t>held.view.buf, b = <uintptr_t>target.view.buf
    cdef size_t n = held.view.len, m = target.view.len
    if n and m and a < b + m and b < a + n:
        raise ValueError(f"{out} overlaps {name}; pass another array")


cdef _Held _operand(_Job job, object array, str name, bytes code, str dtype):
    """What a kernel reads besides the data, apart from what it writes."""
    cdef _Held held = _hold(array, name, code, dtype, False)
    _apart(held, name, job.target, "out")
    return held


cdef size_t _keys(_Held mu, _Held d0) except? 0:
    """Their number, once it is the same for both and each pair is in the domain."""
    cdef size_t count = mu.size(), i
    cdef const double *m = <const double *>mu.view.buf
    cdef const double *d = <const double *>d0.view.buf
    if d0.size() != count:
        raise ValueError(f"mu and d0 must be of equal size, received {count} and {d0.size()}")
    for i in range(count):
        if not in_domain(m[i], d[i]):
            raise ValueError(_outside(m[i], d[i], f" at index {i}"))
    return count


cdef str _outside(double mu, double d0, str where):
    return f"a logistic key needs mu in [0, 4] and d0 in [0, 1], received ({mu!r}, {d0!r}){where}"


cdef size_t _at_least(object value, str name, size_t least) except? 0:
    if not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number, received {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, received {value}")
    return value


cdef tuple _fields(object operands):
    """For unpacking in their order, which is faster than by name: small data take no longer."""
    if not isinstance(operands, tuple):
        raise TypeError(
            "operands must be of facecrypt.backends.operands, "
            f"received {type(operands).__name__}"
        )
    return <tuple>operands


cdef size_t _workers(object threads, size_t size, size_t least) except? 0:
    """Threads for data of so many bytes, of which at least `least` are worth a second one."""
    if threads is None:
        return CPUS if size >= least else 1
    return _at_least(threads, "threads", 1)


def sequence(data, out, operands):
    cdef _Job job = _job(data, out)
    cdef double mu, d0
    cdef uint64_t skip
    mu, d0, discard, quantiser = _fields(operands)
    skip = _at_least(discard, "discard", 0)
    if quantiser not in QUANTISERS:
        raise ValueError(f"quantiser must be one of {', '.join(QUANTISERS)}, received {quantiser!r}")
    cdef Quantiser kind = <Quantiser><int>QUANTISERS[quantiser]
    if not in_domain(mu, d0):
        raise ValueError(_outside(mu, d0, ""))
    with nogil:
        c_sequence(mu, d0, skip, kind, job.data, job.out, job.n)


def lanes(data, out, operands, *, threads=None):
    """Threads share chunks and groups of 256 lanes."""
    cdef _Job job = _job(data, out)
    mu, d0, discard, width, chunk = _fields(operands)
    cdef _Held m = _operand(job, mu, "mu", b"d", "float64")
    cdef _Held d = _operand(job, d0, "d0", b"d", "float64")
    cdef size_t count = _keys(m, d), workers = _workers(threads, job.n, AT_MEMORY_SPEED), chunks
    cdef Lanes keys
    if width not in (1, 2):
        raise ValueError(f"bytes_per_iterate must be 1 or 2, received {width!r}")
    keys.mu, keys.d0 = <const double *>m.view.buf, <const double *>d.view.buf
    keys.discard = _at_least(discard, "discard", 0)
    keys.bytes = width
    keys.chunk = _at_least(chunk, "chunk", 1)
    chunks = job.n // keys.chunk + (job.n % keys.chunk != 0)
    if chunks == 0:
        return
    if count == 0 or count % chunks:
        raise ValueError(
            f"{chunks} chunks need a multiple of {chunks} lanes, at least one each, received {count}"
        )
    keys.lanes = count // chunks
    with nogil:
        c_lanes(keys, job.data, job.out, job.n, workers)


def rows(data, out, operands, *, threads=None):
    """Threads share groups of 64 rows."""
    cdef _Job job = _job(data, out)
    mu, d0, discard = _fields(operands)
    cdef _Held m = _operand(job, mu, "mu", b"d", "float64")
    cdef _Held d = _operand(job, d0, "d0", b"d", "float64")
    cdef size_t workers = _workers(threads, job.n, COMPUTING)
    cdef Rows keys
    keys.mu, keys.d0 = <const double *>m.view.buf, <const double *>d.view.buf
    keys.count = _keys(m, d)
    keys.discard = _at_least(discard, "discard", 0)
    if job.n == 0:
        return
    if keys.count == 0 or job.n % keys.count:
        raise ValueError(
            f"{job.n} bytes cannot be divided among {keys.count} keys; one key for each row"
        )
    keys.width = job.n // keys.count
    with nogil:
        c_rows(keys, job.data, job.out, workers)


def examine(double mu, double d0, discard):
    cdef uint64_t skip = _at_least(discard, "discard", 1)
    cdef Orbit orbit
    if not in_domain(mu, d0):
        raise ValueError(_outside(mu, d0, ""))
    with nogil:
        orbit = c_examine(mu, d0, skip)
    return orbit.lyapunov, orbit.cycle


# ---- the schemes ---------------------------------------------------------------------------------


cdef tuple _shape(_Held held):
    return tuple([held.view.shape[i] for i in range(held.view.ndim)])


cdef _Held _array(_Job job, object array, str name, bytes code, str dtype, tuple shape):
    cdef _Held held = _operand(job, array, name, code, dtype)
    if _shape(held) != shape:
        raise ValueError(f"{name} must have the shape {shape}, received {_shape(held)}")
    return held


cdef _Held _bytes(_Job job, object array, str name, tuple shape, int high):
    """uint8 below `high`."""
    cdef _Held held = _array(job, array, name, b"B", "uint8", shape)
    cdef const uint8_t *values = <const uint8_t *>held.view.buf
    cdef size_t i, n = held.size()
    cdef uint8_t largest = 0
    if high < 256:
        for i in range(n):
            largest = max(largest, values[i])
        if largest >= high:
            raise ValueError(f"{name} must be in 0..{high - 1}, received {largest}")
    return held


cdef _Held _indices(_Job job, object array, str name, tuple shape, size_t high):
    """int32 in [0, high)."""
    cdef _Held held = _array(job, array, name, b"i", "int32", shape)
    cdef const int32_t *values = <const int32_t *>held.view.buf
    cdef size_t i, n = held.size()
    cdef uint32_t largest = 0  # a negative index is a huge one
    for i in range(n):
        largest = max(largest, <uint32_t>values[i])
    if n and largest >= high:
        raise ValueError(f"{name} must be in 0..{high - 1}, received {<int32_t>largest}")
    return held


cdef _Job _pictures(object data, object out, int ndim, bint may_be_same):
    cdef _Job job = _job(data, out)
    cdef _Held source = job.target if job.source is None else job.source
    if source.view.ndim != ndim:
        raise ValueError(f"data must have {ndim} dimensions, received shape {_shape(source)}")
    if _shape(source) != _shape(job.target):
        raise ValueError(
            f"out must have the shape of data, {_shape(source)}, received {_shape(job.target)}"
        )
    if job.data == job.out and job.n and not may_be_same:
        raise ValueError("out overlaps data; pass another array")
    return job


def pixels(data, out, operands, *, threads=None):
    """Threads share pictures, and strips of large ones."""
    cdef _Job job = _pictures(data, out, 4, True)
    cdef tuple shape = _shape(job.target)
    order, mask = _fields(operands)
    cdef _Held m = _bytes(job, mask, "mask", shape[1:], 256)
    cdef _Held o
    cdef size_t count = shape[0], workers = _workers(threads, job.n, AT_MEMORY_SPEED)
    cdef Pixels key
    key.mask = <const uint8_t *>m.view.buf
    key.order = NULL
    key.pixels, key.channels = shape[1] * shape[2], shape[3]
    if order is not None:
        o = _bytes(job, order, "order", shape[1:3], 6)
        key.order = <const uint8_t *>o.view.buf
        if key.channels != 3:
            raise ValueError(f"order needs 3 channels, received {key.channels}")
    if job.n == 0:
        return
    with nogil:
        c_pixels(key, job.data, job.out, count, workers)


def gather(data, out, operands, *, threads=None):
    """Threads share pictures."""
    cdef _Job job = _pictures(data, out, 3, False)
    cdef tuple shape = _shape(job.target)
    source, mask = _fields(operands)
    cdef _Held s = _indices(job, source, "source", shape[1:2], shape[1]), m
    cdef size_t count = shape[0], workers = _workers(threads, job.n, COMPUTING)
    cdef Gather key
    key.source = <const int32_t *>s.view.buf
    key.mask = NULL
    key.items, key.length = shape[1], shape[2]
    if mask is not None:
        m = _bytes(job, mask, "mask", shape[1:], 256)
        key.mask = <const uint8_t *>m.view.buf
    if job.n == 0:
        return
    with nogil:
        c_gather(key, job.data, job.out, count, workers)


def blocks(data, out, operands, *, threads=None):
    """Threads share pictures and their rows of blocks."""
    cdef _Job job = _pictures(data, out, 3, False)
    cdef tuple shape = _shape(job.target), numbers
    cdef size_t height = shape[1], width = shape[2], count = shape[0], entries
    cdef size_t workers = _workers(threads, job.n, COMPUTING)
    cdef Blocks key
    cdef _Held p, m, w, s
    cdef bint done
    block, nibbles, perm, mask, which, source = _fields(operands)
    if block[0] < 1 or block[1] < 1 or height % block[0] or width % block[1]:
        raise ValueError(f"pictures of {height} x {width} bytes are no whole blocks of {block}")
    key.rows, key.columns, key.nibbles = block[0], block[1], nibbles
    if block[0] * block[1] > widest_block:
        raise ValueError(f"a block has at most {widest_block} bytes, received {block}")
    key.down, key.across = height // key.rows, width // key.columns
    key.keys = _at_least(len(perm), "number of rows of perm", 1)
    entries = key.rows * key.columns * (2 if key.nibbles else 1)
    numbers = (key.down * key.across,)
    p = _indices(job, perm, "perm", (key.keys, entries), entries)
    m = _bytes(job, mask, "mask", (key.keys, entries), 16 if key.nibbles else 256)
    key.perm, key.mask = <const int32_t *>p.view.buf, <const uint8_t *>m.view.buf
    key.which = key.source = NULL
    if which is not None:
        w = _indices(job, which, "which", numbers, key.keys)
        key.which = <const int32_t *>w.view.buf
    if source is not None:
        s = _indices(job, source, "source", numbers, key.down * key.across)
        key.source = <const int32_t *>s.view.buf
    if job.n == 0:
        return
    with nogil:
        done = c_blocks(key, job.data, job.out, count, workers)
    if not done:
        raise MemoryError("no memory to prepare the shuffle of a key")


def coupling(data, out, operands, *, threads=None):
    """Threads share pictures, with 11 int32 planes each for RGB and 8 hidden planes."""
    cdef _Job job = _pictures(data, out, 4, True)
    cdef tuple shape = _shape(job.target)
    # Some 600 operations a sample.
    cdef size_t count = shape[0], workers = _workers(threads, 256 * job.n, COMPUTING)
    first, first_bias, second, second_bias, inverse = _fields(operands)
    cdef _Held fb = _operand(job, first_bias, "first_bias", b"b", "int8")
    cdef _Held f, s, sb
    cdef Coupling key
    cdef bint done
    if fb.view.ndim != 2:
        raise ValueError(f"first_bias must have 2 dimensions, received shape {_shape(fb)}")
    rounds, hidden = _shape(fb)
    f = _array(job, first, "first", b"b", "int8", (rounds, hidden, shape[3], 3, 3))
    s = _array(job, second, "second", b"b", "int8", (rounds, shape[3], hidden, 3, 3))
    sb = _bytes(job, second_bias, "second_bias", (rounds, shape[3]), 256)
    if hidden > 64:
        raise ValueError(f"at most 64 hidden planes, received {hidden}")
    key.height, key.width, key.channels = shape[1:]
    key.rounds, key.hidden, key.inverse = rounds, hidden, inverse
    key.first, key.first_bias = <const int8_t *>f.view.buf, <const int8_t *>fb.view.buf
    key.second, key.second_bias = <const int8_t *>s.view.buf, <const uint8_t *>sb.view.buf
    if job.n == 0:
        return
    with nogil:
        done = c_coupling(key, job.data, job.out, count, workers)
    if not done:
        raise MemoryError("no memory for the planes of a picture")


# ---- training samples ----------------------------------------------------------------------------


cdef _Held _boxes(object boxes, str name):
    cdef _Held held = _hold(boxes, name, b"i", "int32", False)
    cdef const int32_t *b = <const int32_t *>held.view.buf
    cdef size_t i
    if held.view.ndim != 2 or held.view.shape[1] != 4:
        raise ValueError(f"{name} must have the shape (N, 4), received {_shape(held)}")
    for i in range(<size_t>held.view.shape[0]):
        if not (-LARGEST <= b[4 * i] < b[4 * i + 2] <= LARGEST
                and -LARGEST <= b[4 * i + 1] < b[4 * i + 3] <= LARGEST):
            raise ValueError(
                f"{name} must be x1 < x2, y1 < y2 within {LARGEST} of 0, received "
                f"{[b[4 * i + k] for k in range(4)]} in row {i}"
            )
    return held


def overlaps(boxes, faces, best, which):
    cdef _Held b = _boxes(boxes, "boxes"), f = _boxes(faces, "faces")
    cdef _Held o = _hold(best, "best", b"d", "float64", True)
    cdef _Held w = _hold(which, "which", b"i", "int32", True)
    cdef Overlaps job
    job.boxes, job.count = <const int32_t *>b.view.buf, b.view.shape[0]
    job.faces, job.known = <const int32_t *>f.view.buf, f.view.shape[0]
    if _shape(o) != (job.count,) or _shape(w) != (job.count,):
        raise ValueError(f"best and which must have the shape ({job.count},)")
    for target, out in ((o, "best"), (w, "which")):
        _apart(b, "boxes", target, out)
        _apart(f, "faces", target, out)
    _apart(o, "best", w, "which")
    with nogil:
        c_overlaps(job, <double *>o.view.buf, <int32_t *>w.view.buf)


def crops(image, boxes, out):
    cdef _Held source = _hold(image, "image", b"B", "uint8", False)
    cdef _Held b = _boxes(boxes, "boxes")
    cdef _Held target = _hold(out, "out", b"B", "uint8", True)
    cdef const int32_t *box
    cdef Crops job
    cdef size_t i
    if source.view.ndim != 3 or source.view.shape[2] != 3:
        raise ValueError(f"image must have the shape (H, W, 3), received {_shape(source)}")
    job.image, job.width = <const uint8_t *>source.view.buf, source.view.shape[1]
    job.boxes, job.count = <const int32_t *>b.view.buf, b.view.shape[0]
    job.side = target.view.shape[1] if target.view.ndim == 4 else 0
    if job.side not in (12, 24, 48) or _shape(target) != (job.count, job.side, job.side, 3):
        raise ValueError(
            f"out must have the shape ({job.count}, s, s, 3), s of 12, 24 or 48, "
            f"received {_shape(target)}"
        )
    _apart(source, "image", target, "out")
    _apart(b, "boxes", target, "out")
    for i in range(job.count):
        box = job.boxes + 4 * i
        if (box[0] < 0 or box[1] < 0 or box[2] > source.view.shape[1]
                or box[3] > source.view.shape[0]):
            raise ValueError(
                f"boxes must lie within the {source.view.shape[1]} x {source.view.shape[0]} pixels "
                f"of image, received {[box[k] for k in range(4)]} in row {i}"
            )
    with nogil:
        c_crops(job, <uint8_t *>target.view.buf)


# ---- the detector ------------------------------------------------------------------------------


def area_means(image, boxes, out, *, down, first):
    cdef _Held source = _hold(image, "image", b"B", "uint8", False)
    cdef _Held b = _hold(boxes, "boxes", b"i", "int32", False)
    cdef _Held target = _hold(out, "out", b"f", "float32", True)
    cdef const int32_t *box = <const int32_t *>b.view.buf
    cdef tuple shape = _shape(source), planes = _shape(target)
    cdef Area job
    cdef size_t count, i
    cdef int32_t height, width
    cdef bint done
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"image must have the shape (height, width, 3), received {shape}")
    if len(planes) != 4 or planes[1] != 3:
        raise ValueError(f"out must have the shape (N, 3, rows, across), received {planes}")
    if _shape(b) != (planes[0], 4):
        raise ValueError(f"boxes must have the shape {(planes[0], 4)}, received {_shape(b)}")
    height, width, count = shape[0], shape[1], planes[0]
    job.pixels, job.pitch = <const uint8_t *>source.view.buf, 3 * shape[1]
    job.rows, job.across = planes[2:]
    job.down, job.first = _at_least(down, "down", 1), _at_least(first, "first", 0)
    if job.first > job.down or job.rows > job.down - job.first:
        raise ValueError(f"{planes[2]} rows from {first} on are not among {down}")
    _apart(source, "image", target, "out")
    _apart(b, "boxes", target, "out")
    for i in range(count):
        if not (0 <= box[4 * i] < box[4 * i + 2] <= width
                and 0 <= box[4 * i + 1] < box[4 * i + 3] <= height):
            raise ValueError(
                f"box {i} must be x0, y0, x1, y1 around pixels of a picture {width} wide and "
                f"{height} high, received {[box[4 * i + j] for j in range(4)]}"
            )
    if target.size() == 0:
        return
    with nogil:
        done = c_area_means(job, box, <float *>target.view.buf, count)
    if not done:
        raise MemoryError("no memory to shrink a picture")


def suppress(boxes, scores, kept, *, threshold, nested):
    """How many boxes are kept; their indices, best first, are the first of `kept`."""
    cdef _Held b = _hold(boxes, "boxes", b"f", "float32", False)
    cdef _Held s = _hold(scores, "scores", b"f", "float32", False)
    cdef _Held target = _hold(kept, "kept", b"i", "int32", True)
    cdef const float *box = <const float *>b.view.buf
    cdef Suppression job
    cdef Py_ssize_t count
    cdef size_t i
    job.boxes, job.scores, job.count = box, <const float *>s.view.buf, s.size()
    job.threshold, job.nested = threshold, nested
    if _shape(b) != (job.count, 4):
        raise ValueError(
            f"boxes must have the shape {(job.count, 4)}, as there are so many scores, "
            f"received {_shape(b)}"
        )
    if target.size() != job.count:
        raise ValueError(f"kept must have room for {job.count} indices, received {target.size()}")
    if not 0 < job.threshold < 1:
        raise ValueError(f"threshold must be between 0 and 1, received {threshold}")
    _apart(b, "boxes", target, "kept")
    _apart(s, "scores", target, "kept")
    for i in range(job.count):
        if job.scores[i] != job.scores[i]:
            raise ValueError(f"scores must be numbers, received NaN at index {i}")
    for i in range(4 * job.count):
        if not -FARTHEST <= box[i] <= FARTHEST:
            raise ValueError(
                f"boxes must be numbers within {int(FARTHEST)} of 0, received {box[i]} in row "
                f"{i // 4}; the networks that gave them are of no use"
            )
    with nogil:
        count = c_suppress(job, <int32_t *>target.view.buf)
    if count < 0:
        raise MemoryError("no memory to sort boxes")
    return count


# ---- messages of C libraries -------------------------------------------------------------------


def can_hear():
    return c_can_hear()


def start_hearing():
    c_start_hearing()


def stop_hearing():
    return <bytes>c_stop_hearing()
