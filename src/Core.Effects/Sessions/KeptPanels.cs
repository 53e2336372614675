using System.Runtime.InteropServices;
using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Models;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>Weights on their way into panels and out of them.</summary>
static class KeptPanels
{
    /// <summary>
    /// The parameters of a model over panels, which are packed when they are read: one at a time is in memory.
    /// </summary>
    /// <param name="model">The model, not over panels.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="packing">How its matrices are kept.</param>
    /// <param name="faults">Takes what cannot be kept; reading then throws.</param>
    public static Params<IBuffer> Packing(Model model, Params<IBuffer> parameters, PanelPacking packing, ICollection<Fault> faults)
    {
        var matrices = Panels.Matrices(model).ToHashSet(StringComparer.Ordinal);
        return model.Specs.Names.Select(name => matrices.Contains(name)
            ? (Panels.Words(name), new Packer(name, parameters[name], Panels.Kind(model, name, packing), faults))
            : (name, parameters[name])).ToParams();
    }

    /// <summary>Parameters of a model, given those of it over panels.</summary>
    /// <param name="model">The model, not over panels.</param>
    /// <param name="kept">The parameters over panels.</param>
    /// <param name="packing">How its matrices are kept.</param>
    /// <param name="parameters">Where they go.</param>
    public static void Unpack(Model model, Params<IBuffer> kept, PanelPacking packing, Params<IBuffer> parameters)
    {
        var matrices = Panels.Matrices(model).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, buffer) in parameters)
        {
            if (!matrices.Contains(name))
            {
                kept[name].CopyTo(buffer);
                continue;
            }
            var numbers = new float[buffer.Type.Size];
            Panels.Unpack(kept[Panels.Words(name)].ToArray<int>(), Panels.Kind(model, name, packing), numbers);
            buffer.Write<float>(numbers);
        }
    }

    sealed class Packer(string name, IBuffer numbers, PanelMatrix kind, ICollection<Fault> faults) : IBuffer
    {
        public TensorType Type { get; } = kind.Packing.Words(kind.Outputs, kind.Inputs);

        public void Read(Span<byte> bytes)
        {
            if (Panels.Pack(numbers.ToArray<float>(), kind, MemoryMarshal.Cast<byte, int>(bytes)) is not { } wrong) return;
            var fault = new Fault(name, FormattableString.Invariant($"has the number {wrong:R}"),
                FormattableString.Invariant($"allowed in {kind.Packing.Bits} bits: finite numbers up to {kind.Packing.Most * (double)Half.MaxValue:R}"));
            faults.Add(fault);
            throw new IOException($"{fault}");
        }

        public void Write(ReadOnlySpan<byte> bytes) => throw new NotSupportedException("what is packed is only read.");

        public void Dispose()
        {
        }
    }
}
