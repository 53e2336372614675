using System.Text;
using Functional.Base;
using Functional.Text;
using Functional.Formats;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>Tokenizers as files in the layout of <see cref="TokenizerJson"/>.</summary>
public static class TokenizerFile
{
    /// <summary>Reads a tokenizer; what is wrong with the file or its content is faults that name it.</summary>
    public static Validation<Fault, Tokenizer> Read(string path) =>
        TextFile.Read(path).Bind(text => TokenizerJson.Parse(text, path));

    /// <summary>Writes a tokenizer, beside the file first and then in its place, so that no reader sees half of it.</summary>
    public static Validation<Fault, Unit> Write(string path, Tokenizer tokenizer) => FileFaults.Guard(path, () =>
    {
        var partial = path + ".partial";
        using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(Encoding.UTF8.GetBytes(TokenizerJson.Write(tokenizer)));
            file.Flush(flushToDisk: true);
        }
        File.Move(partial, path, overwrite: true);
        return Success<Fault, Unit>(unit);
    });
}
