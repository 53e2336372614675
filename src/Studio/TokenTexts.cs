using System.Text;
using Functional.Text;

namespace Functional.Studio;

/// <summary>
/// What each token adds to a text, in order: of a character whose bytes are several tokens all but the last add nothing, so that what they add together is the text.
/// </summary>
sealed class TokenTexts(Tokenizer tokenizer)
{
    readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <summary>What the next token adds.</summary>
    public string Next(int token)
    {
        var bytes = tokenizer.Bytes(token);
        Span<char> chars = stackalloc char[Math.Min(256, bytes.Length + 1)];
        if (bytes.Length + 1 > chars.Length) chars = new char[bytes.Length + 1];
        return new(chars[..decoder.GetChars(bytes, chars, flush: false)]);
    }
}
