using System.Runtime.InteropServices;
using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>
/// The weights under adapters that are kept in few bits. A run's checkpoints hold no base, so that it is rounded again whenever it is read: always from the numbers
/// that it has where it came from, and never from rounded ones.
/// </summary>
static class PackedBase
{
    const string Ending = ".words";

    /// <summary>For each packed matrix among parameters a buffer of its own name, which takes its numbers and keeps them packed there.</summary>
    /// <param name="parameters">By the names that models have for them.</param>
    /// <param name="packing">How matrices are kept.</param>
    public static Params<Packing> Over(Params<IBuffer> parameters, BitPacking packing) => parameters.Names.Where(name => name.EndsWith(Ending, StringComparison.Ordinal)
        && parameters.Contains(Quantise.Scales(name[..^Ending.Length]))).Select(name => name[..^Ending.Length])
        .Select(name => (name, new Packing(name, parameters[Quantise.Words(name)], parameters[Quantise.Scales(name)], packing))).ToParams();

    /// <summary>Gives the matrices of a model the numbers that they have when they are kept packed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="packing">How matrices are kept.</param>
    public static Validation<Fault, Unit> Round(Model model, Params<IBuffer> parameters, BitPacking packing) => Quantise.Matrices(model).Select(name =>
    {
        var (shape, numbers) = (model.Specs[name].Type.Shape, parameters[name].ToArray<float>());
        var (words, scales) = (new int[packing.Words(shape[0], shape[1]).Size], new float[packing.Scales(shape[0], shape[1]).Size]);
        return Pack(name, numbers, shape, packing, words, scales).Map(_ =>
        {
            Quantise.Unpack(words, scales, shape[0], shape[1], packing, numbers);
            parameters[name].Write<float>(numbers);
            return unit;
        });
    }).Gather().Map(static _ => unit);

    static Validation<Fault, Unit> Pack(string name, ReadOnlySpan<float> numbers, Vec<int> shape, BitPacking packing, Span<int> words, Span<float> scales)
    {
        foreach (var number in numbers)
            if (!float.IsFinite(number)) return Fault.Of<Unit>("base-bits", $"is {packing.Bits}, and {name} of the base has the number {number}", "allowed: 32, or a base of finite numbers");
        Quantise.Pack(numbers, shape[0], shape[1], packing, words, scales);
        return Success<Fault, Unit>(unit);
    }

    /// <summary>A matrix that is written as numbers and kept packed.</summary>
    public sealed class Packing(string name, IBuffer words, IBuffer scales, BitPacking packing) : IBuffer
    {
        /// <summary>What keeps the numbers that were written from being packed.</summary>
        public Validation<Fault, Unit> Outcome { get; private set; } = Success<Fault, Unit>(unit);

        public TensorType Type { get; } = new([words.Type.Shape[0], scales.Type.Shape[1]]);

        public void Write(ReadOnlySpan<byte> bytes)
        {
            var (whole, factors) = (new int[words.Type.Size], new float[scales.Type.Size]);
            Outcome = Pack(name, MemoryMarshal.Cast<byte, float>(bytes), Type.Shape, packing, whole, factors);
            words.Write<int>(whole);
            scales.Write<float>(factors);
        }

        public void Read(Span<byte> bytes) => throw new NotSupportedException("what was rounded is not read back.");

        public void Dispose()
        {
        }
    }
}
