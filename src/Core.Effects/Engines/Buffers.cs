using System.Runtime.InteropServices;

namespace Functional.Engines;

/// <summary>Typed reading and writing of buffers.</summary>
public static class Buffers
{
    extension(IBuffer buffer)
    {
        /// <summary>Replaces the whole content.</summary>
        public void Write<T>(ReadOnlySpan<T> items) where T : unmanaged => buffer.Write(MemoryMarshal.AsBytes(items));

        /// <summary>Copies the whole content out.</summary>
        public void Read<T>(Span<T> items) where T : unmanaged => buffer.Read(MemoryMarshal.AsBytes(items));

        /// <summary>The whole content as a new array.</summary>
        public T[] ToArray<T>() where T : unmanaged
        {
            var items = new T[buffer.Type.Size];
            buffer.Read<T>(items);
            return items;
        }

        /// <summary>Replaces the whole content of another buffer of the same type.</summary>
        public void CopyTo(IBuffer other)
        {
            var bytes = new byte[buffer.Type.Bytes];
            buffer.Read(bytes);
            other.Write(bytes);
        }

        /// <summary>The value of a scalar.</summary>
        public float Scalar()
        {
            Span<float> value = stackalloc float[1];
            buffer.Read(value);
            return value[0];
        }
    }
}
