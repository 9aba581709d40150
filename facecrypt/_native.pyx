# distutils: language = c++
# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The native kernels: checks of everything Python passes, then csrc/kernels.h without the GIL.

What the functions compute is defined in ``facecrypt.backends``.
"""

import os

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from libc.stdint cimport uint8_t, uint32_t, uint64_t, uintptr_t

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
    if value < least:
        raise ValueError(f"{name} must be at least {least}, received {value}")
    return value


def sequence(double mu, double d0, data, out, *, discard, quantiser):
    cdef _Job job = _job(data, out)
    cdef uint64_t skip = _at_least(discard, "discard", 0)
    if quantiser not in QUANTISERS:
        raise ValueError(f"quantiser must be one of {', '.join(QUANTISERS)}, received {quantiser!r}")
    cdef Quantiser kind = <Quantiser><int>QUANTISERS[quantiser]
    if not in_domain(mu, d0):
        raise ValueError(_outside(mu, d0, ""))
    with nogil:
        c_sequence(mu, d0, skip, kind, job.data, job.out, job.n)


def lanes(mu, d0, data, out, *, discard, bytes_per_iterate, chunk, threads):
    cdef _Job job = _job(data, out)
    cdef _Held m = _hold(mu, "mu", b"d", "float64", False)
    cdef _Held d = _hold(d0, "d0", b"d", "float64", False)
    cdef size_t count = _keys(m, d), workers = _at_least(threads, "threads", 1), chunks
    cdef Lanes keys
    if bytes_per_iterate not in (1, 2):
        raise ValueError(f"bytes_per_iterate must be 1 or 2, received {bytes_per_iterate!r}")
    keys.mu, keys.d0 = <const double *>m.view.buf, <const double *>d.view.buf
    keys.discard = _at_least(discard, "discard", 0)
    keys.bytes = bytes_per_iterate
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


def rows(mu, d0, data, out, *, discard, threads):
    cdef _Job job = _job(data, out)
    cdef _Held m = _hold(mu, "mu", b"d", "float64", False)
    cdef _Held d = _hold(d0, "d0", b"d", "float64", False)
    cdef size_t workers = _at_least(threads, "threads", 1)
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
