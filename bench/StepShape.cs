using Functional.Sessions;
using Functional.Base;
using Functional.Compiling;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Bench;

/// <summary>The training step that is measured: the model of <c>peers/torch_gpt.py</c>.</summary>
internal sealed record StepShape(int Layers, int Heads, int Width, int Vocabulary, int Batch, int Context)
{
    static readonly GradientTransform adamW = Optimisers.AdamW(0.9, 0.95, 1e-8, 0.1);

    public Model Model => Transformer.Of(new DecoderConfig
    {
        Layers = Layers, Heads = Heads, Width = Width, Vocabulary = Vocabulary, Context = Context, Activation = Activation.Gelu,
    });

    public Program Program => Programs.Step(Objectives.NextToken(Model, new(Batch, Context)), adamW, GradientClip.To(1));

    /// <summary>Buffers for every input: initial parameters, random tokens, a small learning rate.</summary>
    public static Dictionary<string, IBuffer> Inputs(Program program, Model model, IEngine engine)
    {
        var (buffers, key) = (new Dictionary<string, IBuffer>(), Key.Seed(1));
        foreach (var (name, value) in program.Inputs)
        {
            var buffer = buffers[name] = engine.Allocate(value.Type);
            if (name.StartsWith(Names.Param(""), StringComparison.Ordinal))
            {
                var items = new float[value.Type.Size];
                model.Specs[name[Names.Param("").Length..]].Fill(key, 0, items);
                buffer.Write<float>(items);
            }
            else if (name is Names.Inputs or Names.Labels)
            {
                var vocabulary = model.Specs["tokens"].Type.Shape[0];
                buffer.Write<int>([.. Enumerable.Range(0, (int)value.Type.Size).Select(i => (int)(key.FoldIn(name).FoldIn(i).A % (uint)vocabulary))]);
            }
        }
        foreach (var (name, value) in Programs.StepScalars(adamW, 1, 1e-4)) buffers[name].Write<float>([(float)value]);
        return buffers;
    }
}
