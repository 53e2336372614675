using Functional.Base;

namespace Functional.Weights;

/// <summary>What a pickle of tensors can hold; nothing in it does anything.</summary>
abstract record Pickled
{
    public sealed record Nothing : Pickled;

    public sealed record Flag(bool Value) : Pickled;

    public sealed record Whole(long Value) : Pickled;

    public sealed record Real(double Value) : Pickled;

    public sealed record Text(string Value) : Pickled;

    /// <summary>A list or tuple; it may still grow while it is read.</summary>
    public sealed record Items(List<Pickled> Of) : Pickled;

    /// <summary>A dictionary, ordered or not.</summary>
    public sealed record Entries(List<(Pickled Key, Pickled Value)> Of) : Pickled;

    /// <summary>A name from the list of those that are known.</summary>
    public sealed record Global(string Name) : Pickled;

    /// <summary>A stretch of numbers in the file.</summary>
    /// <param name="Type">What the numbers are.</param>
    /// <param name="Key">Its name in the file.</param>
    /// <param name="Length">How many numbers the pickle says it has.</param>
    public sealed record Storage(ElementType Type, string Key, long Length) : Pickled;

    /// <summary>Some numbers of a storage, as a tensor.</summary>
    public sealed record Tensor(Storage In, long Offset, Vec<long> Shape, Vec<long> Strides) : Pickled;

    /// <summary>Where a run of items begins on the stack.</summary>
    public sealed record Mark : Pickled;
}

/// <summary>Ends the reading of a pickle; never leaves <see cref="TorchFile"/>, which turns it into a value.</summary>
sealed class PickleException(string what, string allowed = "") : Exception(what)
{
    /// <summary>This as a fault of that file.</summary>
    public Fault In(string file) => new(file, Message, allowed);
}
