using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// The values of an eager plan: which shares memory with which, and how often each is still read. Movement of axes may give a view of its
/// argument; what is written over any of them changes them all.
/// </summary>
sealed class EagerSlots
{
    readonly List<TensorType> types = [];
    readonly List<int> owners = [], left = [], leftInMemory = [], living = [];
    readonly List<long> bytes = [];
    readonly List<bool> spread = [];

    public int Count => types.Count;

    /// <summary>Bytes of all values that were computed and not freed.</summary>
    public long Bytes { get; private set; }

    /// <summary>The most that they ever were.</summary>
    public long Peak { get; private set; }

    /// <summary>A value with memory of its own; of no account when that memory is there anyway.</summary>
    public int Add(TensorType type, bool counts = true)
    {
        var slot = AddTo(types.Count, type, false);
        bytes[slot] = counts ? type.Bytes : 0;
        Peak = Math.Max(Peak, Bytes += bytes[slot]);
        return slot;
    }

    /// <summary>A value that may be a view of another.</summary>
    public int AddView(int of, TensorType type, bool isBroadcast) => AddTo(owners[of], type, isBroadcast || spread[of]);

    /// <summary>A value that takes the place of another in memory.</summary>
    public int AddOver(int slot, TensorType type)
    {
        var result = AddTo(owners[slot], type, false);
        Drop(slot);
        return result;
    }

    /// <summary>Whose memory a value lies in.</summary>
    public int Owner(int slot) => owners[slot];

    /// <summary>Whether several elements of the value may lie in one place.</summary>
    public bool IsSpread(int slot) => spread[slot];

    /// <summary>What the value is.</summary>
    public TensorType Type(int slot) => types[slot];

    /// <summary>Foretells reads of a value.</summary>
    public void Expect(int slot, int reads)
    {
        left[slot] += reads;
        leftInMemory[owners[slot]] += reads;
    }

    /// <summary>Notes a read; says whether it was the value's last.</summary>
    public bool Read(int slot)
    {
        leftInMemory[owners[slot]]--;
        return --left[slot] == 0;
    }

    /// <summary>How many reads of anything in the same memory are to come.</summary>
    public int LeftInMemory(int slot) => leftInMemory[owners[slot]];

    /// <summary>The value is no more; its memory goes with the last value in it.</summary>
    public void Drop(int slot)
    {
        var owner = owners[slot];
        if (--living[owner] == 0) Bytes -= bytes[owner];
    }

    int AddTo(int owner, TensorType type, bool isSpread)
    {
        types.Add(type);
        owners.Add(owner);
        spread.Add(isSpread);
        left.Add(0);
        leftInMemory.Add(0);
        living.Add(0);
        bytes.Add(0);
        living[owner]++;
        return types.Count - 1;
    }
}
