using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Measuring;

/// <summary>What stands in the buffers of a measurement.</summary>
static class MeasuredBuffers
{
    /// <summary>Adds a parameter as it begins.</summary>
    public static void Fill(this Workspace workspace, string name, ParamSpec spec)
    {
        var values = new float[spec.Type.Size];
        spec.Fill(Key.Seed(1), 0, values);
        workspace.Add(name, spec.Type).Write<float>(values);
    }

    /// <summary>Adds a matrix as it begins, kept in panels.</summary>
    public static void Fill(this Workspace workspace, string name, ParamSpec spec, PanelMatrix kind)
    {
        var (values, words) = (new float[spec.Type.Size], new int[kind.Packing.Words(kind.Outputs, kind.Inputs).Size]);
        spec.Fill(Key.Seed(1), 0, values);
        _ = Panels.Pack(values, kind, words);
        workspace.Add(name, kind.Packing.Words(kind.Outputs, kind.Inputs)).Write<int>(words);
    }

    /// <summary>Adds random tokens.</summary>
    public static void Tokens(this Workspace workspace, string name, TensorType type, int vocabulary)
    {
        var tokens = new int[type.Size];
        var key = Key.Seed(1).FoldIn(name);
        for (var i = 0; i < tokens.Length; i++) tokens[i] = (int)key.Below(i, vocabulary);
        workspace.Add(name, type).Write<int>(tokens);
    }
}
