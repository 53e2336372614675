using Functional.Base;
using LanguageExt;

namespace Functional.Text;

/// <summary>Stands where a model came without a tokenizer: it has ids, of which no text is known. Encoding anything is a fault.</summary>
public sealed class IdTokenizer : Tokenizer
{
    IdTokenizer(int size) => VocabularySize = size;

    /// <summary>So many ids.</summary>
    /// <param name="size">How many, 1 or more.</param>
    public static IdTokenizer Of(int size) => new(size);

    /// <summary>What is said to whoever wants text.</summary>
    public static Fault NoText { get; } = new("tokenizer", "is missing: the model came without one, and only ids of tokens are known",
        "allowed: functional logits, or import it again with --tokenizer");

    /// <inheritdoc/>
    public override string Kind => "ids";

    /// <inheritdoc/>
    public override int VocabularySize { get; }

    /// <summary>None: no text is known.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When the id is not in the vocabulary.</exception>
    public override ReadOnlySpan<byte> Bytes(int id)
    {
        Check(id);
        return [];
    }

    /// <inheritdoc/>
    public override Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, long position = 0) => NoText.As<int[]>();
}
