using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Functional.Engines.Managed;

/// <summary>
/// A persistent pool of threads that share the tasks of one <see cref="Work"/> at a time. The caller is worker 0.
/// Which worker does which task is a race; what a task computes must not depend on it.
/// </summary>
/// <remarks>
/// One counter of unclaimed tasks is the whole protocol: a positive decrement is a claim, and a claim keeps the run
/// open, so a worker may read the run's fields only after claiming. A worker that sleeps through a run delays nobody.
/// </remarks>
internal sealed unsafe class ThreadTeam : IDisposable
{
    // Long enough to bridge the gap between two kernels of a step, short enough not to burn a core when idle.
    private const double SpinSeconds = 40e-6;
    private const nuint Alignment = 4096;

    private readonly Thread[] helpers;
    private readonly byte*[] scratch;
    private readonly long spinTicks = (long)(Stopwatch.Frequency * SpinSeconds);
    private readonly object gate = new();
    private readonly object finished = new();

    private Work? work;
    private int tasks;
    private Exception? fault;
    private int busy;
    private int parked;
    private volatile bool callerParked;
    private volatile bool disposed;
    private Counters counters;

    // Claims and completions are hammered by all threads: each has a cache line pair of its own.
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Counters
    {
        [FieldOffset(128)] public int Unclaimed;
        [FieldOffset(256)] public int Completed;
    }

    public ThreadTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        scratch = new byte*[threads];
        helpers = new Thread[threads - 1];
        for (var i = 0; i < helpers.Length; i++)
        {
            var worker = i + 1;
            helpers[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"team {worker}" };
            helpers[i].Start();
        }
    }

    /// <summary>Number of workers, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Bytes of scratch memory that every worker has.</summary>
    public long ScratchBytes { get; private set; }

    /// <summary>The worker's own scratch memory: <see cref="ScratchBytes"/> bytes, page aligned, contents undefined.</summary>
    public byte* Scratch(int worker) => scratch[worker];

    /// <summary>Grows every worker's scratch memory to at least <paramref name="bytes"/>; call it between runs. Old contents are lost.</summary>
    public void EnsureScratch(long bytes)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (bytes <= ScratchBytes)
            return;
        var size = (bytes + (long)Alignment - 1) / (long)Alignment * (long)Alignment;
        ScratchBytes = 0;
        for (var i = 0; i < scratch.Length; i++)
        {
            NativeMemory.AlignedFree(scratch[i]);
            scratch[i] = null;
            scratch[i] = MachineMemory.Allocate(size, Alignment);
        }
        ScratchBytes = size;
    }

    /// <summary>
    /// Does tasks 0 … <paramref name="count"/> − 1 of <paramref name="job"/> and returns when all are done. The first exception of any task is
    /// rethrown here; tasks not begun by then are skipped.
    /// </summary>
    public void Run(Work job, int count)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (count <= 1 || helpers.Length == 0)
        {
            for (var i = 0; i < count; i++)
                job.Run(i, 0);
            return;
        }
        if (Interlocked.Exchange(ref busy, 1) != 0)
            throw new InvalidOperationException("The thread team is already running a job: runs neither nest nor overlap.");

        work = job;
        tasks = count;
        fault = null;
        counters.Completed = 0;
        Interlocked.Exchange(ref counters.Unclaimed, count);
        Wake(count - 1);
        Claim(0);
        AwaitCompletion(count);
        work = null;
        var failed = fault;
        Volatile.Write(ref busy, 0);
        if (failed is not null)
            ExceptionDispatchInfo.Throw(failed);
    }

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        lock (gate)
            Monitor.PulseAll(gate);
        foreach (var helper in helpers)
            helper.Join();
        for (var i = 0; i < scratch.Length; i++)
        {
            NativeMemory.AlignedFree(scratch[i]);
            scratch[i] = null;
        }
        ScratchBytes = 0;
    }

    private void Wake(int most)
    {
        if (Volatile.Read(ref parked) == 0)
            return;
        lock (gate)
        {
            if (most >= parked)
                Monitor.PulseAll(gate);
            else
                for (var i = 0; i < most; i++)
                    Monitor.Pulse(gate);
        }
    }

    private void Claim(int worker)
    {
        while (Volatile.Read(ref counters.Unclaimed) > 0)
        {
            var left = Interlocked.Decrement(ref counters.Unclaimed);
            if (left < 0)
                return;
            // After the completion below the run may be over and these fields another run's.
            var total = tasks;
            try
            {
                if (Volatile.Read(ref fault) is null)
                    work!.Run(total - 1 - left, worker);
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref fault, e, null);
            }
            if (Interlocked.Increment(ref counters.Completed) == total && callerParked)
                lock (finished)
                    Monitor.Pulse(finished);
        }
    }

    private void AwaitCompletion(int total)
    {
        var start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref counters.Completed) != total)
        {
            if (Stopwatch.GetTimestamp() - start < spinTicks)
            {
                Thread.SpinWait(4);
                continue;
            }
            lock (finished)
            {
                callerParked = true;
                Interlocked.MemoryBarrier();
                while (Volatile.Read(ref counters.Completed) != total)
                    Monitor.Wait(finished);
                callerParked = false;
            }
        }
    }

    private void Serve(int worker)
    {
        while (!disposed)
        {
            Claim(worker);
            var start = Stopwatch.GetTimestamp();
            while (Volatile.Read(ref counters.Unclaimed) <= 0 && !disposed)
            {
                if (Stopwatch.GetTimestamp() - start < spinTicks)
                {
                    Thread.SpinWait(4);
                    continue;
                }
                lock (gate)
                {
                    // The increment is a full fence: either this thread sees the new tasks or the caller sees it parked.
                    Interlocked.Increment(ref parked);
                    while (Volatile.Read(ref counters.Unclaimed) <= 0 && !disposed)
                        Monitor.Wait(gate);
                    Interlocked.Decrement(ref parked);
                }
            }
        }
    }
}
