using LLama;
using LLama.Common;
using LLama.Native;

namespace Functional.Bench;

/// <summary>A GGUF file in llama.cpp: token by token, keys and values as float32.</summary>
sealed class Theirs : IDisposable
{
    readonly LLamaWeights weights;
    readonly LLamaContext context;
    int position;

    public Theirs(string file, int length, int threads)
    {
        var parameters = new ModelParams(file)
        {
            ContextSize = (uint)length, Threads = threads, BatchThreads = threads, TypeK = GGMLType.GGML_TYPE_F32, TypeV = GGMLType.GGML_TYPE_F32, FlashAttention = false,
        };
        weights = LLamaWeights.LoadFromFile(parameters);
        context = weights.CreateContext(parameters);
    }

    /// <summary>How many tokens it has.</summary>
    public int Vocabulary => weights.Vocab.Count;

    /// <summary>Its tokens of a text.</summary>
    public int[] Encode(string text) => [.. context.Tokenize(text, addBos: false, special: true).Select(static t => (int)t)];

    /// <summary>Reads a token and gives the logits of what comes next.</summary>
    public float[] Read(int token)
    {
        var batch = new LLamaBatch();
        batch.Add(token, position++, LLamaSeqId.Zero, true);
        return context.Decode(batch) is DecodeResult.Ok ? context.NativeHandle.GetLogitsIth(0)[..Vocabulary].ToArray() : throw new InvalidOperationException("llama.cpp could not read a token.");
    }

    public void Dispose()
    {
        context.Dispose();
        weights.Dispose();
    }
}
